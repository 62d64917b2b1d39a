import { box, picture, text } from "./svg.mjs";

/** Who is hurt, of examples/faults.ts: rows are situations, columns faults, cells what the neighbour saw. @param printed what the example prints */
export function faults(printed) {
  const lines = printed.split("\n\n")[0].split("\n");
  const place = lines[0].indexOf("neighbour");
  const end = lines[0].indexOf("who comes 12 s");
  const situations = [];
  for (const line of lines.slice(1)) {
    if (!line.startsWith(" ")) situations.push({ name: line, cells: [] });
    else situations.at(-1).cells.push({ fault: line.slice(2, 18).trim(), culprit: line.slice(18, place).trim(), neighbour: line.slice(place, end).trim(), soon: line.slice(end).trim().split(/ {2,}/)[0] });
  }
  const [left, top, width, height] = [230, 76, 196, 40];
  const shapes = situations[0].cells.map(({ fault }, i) => text(left + i * (width + 4) + width / 2, top - 12, fault, "soft", "middle"));
  situations.forEach(({ name, cells }, i) => {
    const y = top + i * (height + 4);
    const [first, ...rest] = name.split("; ");
    shapes.push(text(16, y + (rest.length > 0 ? 17 : 24), first), ...rest.map((part) => text(16, y + 33, part, "soft small")));
    cells.forEach(({ culprit, neighbour, soon }, j) => {
      const x = left + j * (width + 4);
      const well = neighbour.startsWith("goes on");
      const wait = /waited (.*)/.exec(neighbour)?.[1] ?? "";
      const slow = / ms$/.test(wait);
      const words = well ? [slow ? "waits" : "not hurt", slow ? `${wait} at most` : ""] : ["hurt", neighbour];
      shapes.push(box(x, y, width, height, well ? (slow ? "b" : "good") : "bad", `${name}; culprit: ${culprit}; neighbour: ${neighbour}; newcomer: ${soon}`));
      shapes.push(text(x + 8, y + (words[1] === "" ? 24 : 16), `${well ? (slow ? "◷" : "✓") : "✗"} ${words[0]}`, "on"), text(x + 8, y + 31, words[1] + (soon === "works" ? "" : ", nobody new"), "on small"));
    });
  });
  const hurt = situations.flatMap(({ name, cells }) => cells.filter(({ neighbour }) => !neighbour.startsWith("goes on")).map(({ fault }) => `${name}: ${fault}`));
  return picture(left + 3 * (width + 4) + 12, top + situations.length * (height + 4) + 12, "What a program's fault does to its neighbour on the same GPU", `The neighbour is hurt in these cases: ${hurt.join("; ")}. In all others it goes on.`, shapes);
}
