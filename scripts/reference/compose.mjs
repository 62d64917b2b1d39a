/** Puts a function's documentation together: what its chapter file says, and what the tables of this folder know. */
import { blockingOf } from "./blocking.mjs";

/** The parts of a doc comment: text, parameters, what it returns. Lines of one part are joined. */
export function partsOf(comment) {
  const text = comment.replace(/^\/\*\*|\*\/$/g, "").replace(/^ *\* ?/gm, "").trim();
  const pieces = text.split(/(?:^|\s)(?=@(?:param|returns) )/);
  const parameters = new Map();
  let returns = null;
  let body = "";
  for (const piece of pieces) {
    const line = piece.trim();
    const parameter = /^@param (\w+)\s+([^]*)$/.exec(line);
    if (parameter !== null) parameters.set(parameter[1], parameter[2].replace(/\s*\n\s*/g, " "));
    else if (line.startsWith("@returns ")) returns = line.slice(9).replace(/\s*\n\s*/g, " ");
    else body += line;
  }
  return { body, parameters, returns };
}

/** "Sentence one." for pieces that may lack the full stop. */
const sentence = (text) => (/[.!?:]$/.test(text) ? text : `${text}.`);

/** Breaks a line before column 180, with `indent` before the following ones. */
function wrap(text, indent) {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length > 176) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

/**
 * The doc comment of a public function.
 * @param api "driver", "runtime" or "opencl"
 * @param facts.name the implementation's name; prototype: the C declaration; names: its parameters; comment: of the chapter file; parameters: table of meanings; source: manual and section;
 *   errors: list of [code, condition]; note: what is missing; partial
 */
export function compose(api, { name, prototype, names, comment, parameters, source, errors, note }) {
  const parts = partsOf(comment);
  const lines = parts.body === "" ? [] : parts.body.split("\n");
  if (prototype !== null) lines.push("", ...wrap(`C: \`${prototype}\``, ""));
  if (note !== "") lines.push("", ...wrap(`Partial: ${sentence(note)}`, ""));
  lines.push("", ...wrap(`Blocking: ${sentence(blockingOf(api, name))}`, ""));
  if (source !== null) lines.push("", `Source: ${sentence(source)}`);
  for (const parameter of names) {
    const meaning = parts.parameters.get(parameter) ?? parameters[`${name}.${parameter}`] ?? parameters[parameter];
    if (meaning !== undefined) lines.push(...wrap(`@param ${parameter} ${meaning}`, "  "));
  }
  const text = errors.said ?? parts.returns ?? "";
  const said = text === "" ? "" : sentence(text);
  lines.push(...wrap(`@returns ${said}${said === "" ? "" : " "}${errors.intro}`.trimEnd(), "  "));
  for (const [code, condition] of errors.list) lines.push(...wrap(`- ${code}: ${sentence(condition)}`, "  "));
  while (lines[0] === "") lines.shift();
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */`;
}
