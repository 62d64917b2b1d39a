/** Lines of rocminfo: labels 25 wide, values 35, indented by two for each level. */
export class RocPrinter {
  private readonly lines: string[] = [];

  /** Label and padded value. */
  row(level: number, label: string, value: string): void {
    this.lines.push(`${"  ".repeat(level)}${label.padEnd(25)}${value.padEnd(35)}\n`);
  }

  /** A number in both bases. @param unit behind it, with its blank */
  both(level: number, label: string, value: number, unit: string = ""): void {
    this.row(level, label, `${value}(0x${value.toString(16)})${unit}`);
  }

  /** A label alone. */
  title(level: number, label: string): void {
    this.lines.push(`${"  ".repeat(level)}${label.padEnd(25)}\n`);
  }

  /** A line as it is. */
  plain(text: string): void {
    this.lines.push(`${text}\n`);
  }

  /** All of it. */
  get text(): string {
    return this.lines.join("");
  }
}
