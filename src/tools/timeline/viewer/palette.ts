import type { Colors } from "./types.ts";

/** Colours for a light or dark page. Processes take theirs in order of appearance; after eight they come round again. */
export function palette(dark: boolean): Colors {
  const hues = dark
    ? ["#3d7fe0", "#c9761a", "#279469", "#9a63c9", "#cc4f7f", "#1f93a8", "#7e8f1f", "#b0643a"]
    : ["#2f6fd0", "#c26a08", "#1c8a5e", "#8a4fba", "#c63f72", "#12869b", "#6f8010", "#9c5429"];
  const background = dark ? "#14171c" : "#ffffff";
  const channels = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const mix = (a: string, b: string, share: number): string => {
    const [x, y] = [channels(a), channels(b)];
    return `rgb(${x.map((value, i) => Math.round(value * share + y[i]! * (1 - share))).join(",")})`;
  };
  return {
    background,
    band: dark ? "#1a1e25" : "#f5f6f8",
    line: dark ? "#2b313b" : "#dfe3e8",
    text: dark ? "#e3e7ed" : "#1c2127",
    muted: dark ? "#8c96a5" : "#66707d",
    accent: dark ? "#f2c744" : "#b07d00",
    depend: dark ? "#6aa5ff" : "#2563c9",
    bad: dark ? "#ff5d5d" : "#d42a2a",
    process: hues,
    tint: hues.map((hue) => mix(hue, background, dark ? 0.38 : 0.26)),
  };
}
