import { CompileError } from "../abi.ts";

/** Words, strings and punctuation of the IR's text form. A string token keeps its quotes; `^"..."` is one token. */
interface Token {
  readonly text: string;
  readonly line: number;
}

const pattern = /[ \t\r]+|(\n)|(\^?"(?:[^"\\\n]|\\.)*"|[(){}=,:]|[^\s(){}=,:"]+)/gy;

/** Reads the IR's text form token by token. Every complaint is a CompileError with the line. */
export class Tokens {
  private readonly tokens: Token[] = [];
  private at = 0;

  constructor(text: string) {
    let line = 1;
    let position = 0;
    pattern.lastIndex = 0;
    while (position < text.length) {
      const match = pattern.exec(text);
      if (match === null) throw new CompileError("syntax", `unexpected character ${JSON.stringify(text[position])}`, line);
      position = pattern.lastIndex;
      if (match[1] !== undefined) line++;
      else if (match[2] !== undefined) this.tokens.push({ text: match[2], line });
    }
    this.tokens.push({ text: "", line });
  }

  get peek(): string {
    return this.tokens[this.at]!.text;
  }

  /** The token behind the next one. */
  get peekAfter(): string {
    return this.tokens[this.at + 1]?.text ?? "";
  }

  /** A place to come back to with `reset`. */
  mark(): number {
    return this.at;
  }

  reset(mark: number): void {
    this.at = mark;
  }

  get line(): number {
    return this.tokens[this.at]!.line;
  }

  get atEnd(): boolean {
    return this.at === this.tokens.length - 1;
  }

  fail(message: string): never {
    throw new CompileError("syntax", message, this.line);
  }

  next(): string {
    if (this.atEnd) this.fail("unexpected end of text");
    return this.tokens[this.at++]!.text;
  }

  /** Takes the next token if it is `text`. */
  accept(text: string): boolean {
    if (this.atEnd || this.peek !== text) return false;
    this.at++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected ${JSON.stringify(text)}, found ${JSON.stringify(this.peek)}`);
  }

  /** `name=` */
  key(name: string): void {
    this.expect(name);
    this.expect("=");
  }

  string(): string {
    if (!this.peek.startsWith('"')) this.fail(`expected a string, found ${JSON.stringify(this.peek)}`);
    return JSON.parse(this.next()) as string;
  }

  number(): number {
    const text = this.peek;
    const value = text === "NaN" ? NaN : Number(text);
    if (text === "" || (Number.isNaN(value) && text !== "NaN")) this.fail(`expected a number, found ${JSON.stringify(text)}`);
    this.next();
    return value;
  }

  /** `12n` */
  bigint(): bigint {
    if (!/^-?\d+n$/.test(this.peek)) this.fail(`expected a 64-bit number such as 12n, found ${JSON.stringify(this.peek)}`);
    return BigInt(this.next().slice(0, -1));
  }

  /** One of the words, nothing else. */
  word<W extends string>(words: readonly W[]): W {
    const found = words.find((word) => word === this.peek);
    if (found === undefined) this.fail(`expected one of ${words.join(", ")}, found ${JSON.stringify(this.peek)}`);
    this.next();
    return found;
  }

  bool(): boolean {
    return this.word(["true", "false"]) === "true";
  }

  /** `_` as null, else what `read` gives. */
  orNull<T>(read: () => T): T | null {
    return this.accept("_") ? null : read();
  }

  /** Items in parentheses; commas between them are allowed. */
  list<T>(read: () => T): T[] {
    const items: T[] = [];
    this.expect("(");
    while (!this.accept(")")) {
      items.push(read());
      this.accept(",");
    }
    return items;
  }
}
