// The few shapes that the guide's pictures are made of. A picture has its own paper, so that it can be read on any page; colours follow the reader's light or dark.

const style = `
.paper{fill:#fcfcfb}.ink{fill:#1f2328}.soft{fill:#59636e}.rule{stroke:#d5d9de;stroke-width:1}.mark{stroke:#1f2328;stroke-width:2}
.a{fill:#2a78d6}.b{fill:#d9622b}.good{fill:#1a8f3c}.bad{fill:#d03b3b}.none{fill:#c6ccd4}.limit{stroke:#d03b3b;stroke-width:1.5;stroke-dasharray:4 3}
.on{fill:#ffffff}
text{font:13px system-ui,sans-serif}.small{font-size:11px}.head{font-size:14px;font-weight:600}
@media (prefers-color-scheme:dark){
.paper{fill:#1a1b1e}.ink{fill:#e6e6e6}.soft{fill:#a0a8b2}.rule{stroke:#3a4048}.mark{stroke:#e6e6e6}
.a{fill:#4f9bf0}.b{fill:#ee8552}.good{fill:#3fb55f}.bad{fill:#ef6b6b}.none{fill:#4a515a}.limit{stroke:#ef6b6b}
.on{fill:#101113}
}`;

/** Coordinates with one digit. */
const n = (value) => String(Math.round(value * 10) / 10);
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** A whole picture. @param about what it shows, for those who do not see it */
export function picture(width, height, title, about, shapes) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title about">`,
    `<title id="title">${escape(title)}</title>`, `<desc id="about">${escape(about)}</desc>`, `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}" rx="6"/>`, text(16, 26, title, "ink head"), ...shapes.flat(Infinity), "</svg>", "",
  ].join("\n");
}

export const text = (x, y, content, cls = "ink", anchor = "start") => `<text x="${n(x)}" y="${n(y)}" class="${cls}" text-anchor="${anchor}">${escape(content)}</text>`;
export const box = (x, y, width, height, cls, hint = "") => `<rect x="${n(x)}" y="${n(y)}" width="${n(Math.max(width, 1))}" height="${n(height)}" rx="2" class="${cls}"${hint === "" ? "/>" : `><title>${escape(hint)}</title></rect>`}`;
export const line = (x1, y1, x2, y2, cls = "rule") => `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" class="${cls}"/>`;

/** An axis of numbers: lines down through the rows and numbers below them. `at` says where a number stands. */
export function axis(values, at, top, bottom, unit) {
  return values.map((value, i) => [line(at(value), top, at(value), bottom), text(at(value), bottom + 15, `${value}${i === values.length - 1 ? ` ${unit}` : ""}`, "soft small", "middle")]);
}
