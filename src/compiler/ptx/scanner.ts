import { CompileError } from "../abi.ts";

/** What may stand inside a word: letters, digits, `_`, `$`. */
const inWord = new Uint8Array(128);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") inWord[c.charCodeAt(0)] = 1;

/** Character codes the grammar asks for by name. */
export const ch = {
  quote: 34, dollar: 36, percent: 37, amp: 38, lparen: 40, rparen: 41, star: 42, plus: 43, comma: 44, minus: 45, dot: 46, slash: 47,
  zero: 48, nine: 57, colon: 58, semicolon: 59, less: 60, equals: 61, greater: 62, question: 63, at: 64,
  lbracket: 91, rbracket: 93, underscore: 95, lbrace: 123, bar: 124, rbrace: 125, tilde: 126, bang: 33,
} as const;

/** An expression, not a loop: a loop over characters gets hot in the first file, and V8 starting its optimiser would cost half a millisecond of it. */
const word = /[\w$]*/y;

/** The end of the word that goes on at `i`. */
function wordEnd(src: string, i: number, end: number): number {
  word.lastIndex = i;
  word.test(src);
  return Math.min(word.lastIndex, end);
}

/**
 * Characters of a PTX text, read on demand: the parser asks for what its grammar allows next, so that no token
 * list is made. A NUL ends the text, as it does for the driver.
 */
export class Scanner {
  readonly src: string;
  readonly end: number;
  pos = 0;
  /** Line of `pos`, 1-based. */
  line = 1;

  constructor(src: string) {
    this.src = src;
    const nul = src.indexOf("\0");
    this.end = nul < 0 ? src.length : nul;
  }

  /** A syntax error at the current position. */
  fail(message: string): never {
    throw new CompileError("syntax", message, this.line, this.column());
  }

  column(): number {
    return this.pos - this.src.lastIndexOf("\n", this.pos - 1);
  }

  /** Skips blanks and comments; the next character's code, or -1 at the end. */
  peek(): number {
    const src = this.src;
    const end = this.end;
    let pos = this.pos;
    while (pos < end) {
      const c = src.charCodeAt(pos);
      if (c === 10) this.line++;
      else if (c === 47 && pos + 1 < end && src.charCodeAt(pos + 1) === 47) {
        const eol = src.indexOf("\n", pos);
        pos = eol < 0 || eol > end ? end : eol;
        continue;
      } else if (c === 47 && pos + 1 < end && src.charCodeAt(pos + 1) === 42) {
        pos = this.blockComment(pos);
        continue;
      } else if (c !== 32 && c !== 9 && c !== 13 && c !== 12 && c !== 11) {
        this.pos = pos;
        return c;
      }
      pos++;
    }
    this.pos = pos;
    return -1;
  }

  private blockComment(start: number): number {
    const close = this.src.indexOf("*/", start + 2);
    if (close < 0 || close > this.end) this.fail("comment without end");
    for (let i = start; i < close; i++) if (this.src.charCodeAt(i) === 10) this.line++;
    return close + 2;
  }

  /** The code at `pos + ahead`, blanks not skipped; -1 behind the end. */
  at(ahead: number): number {
    const i = this.pos + ahead;
    return i < this.end ? this.src.charCodeAt(i) : -1;
  }

  /** Takes the character if it is next. */
  eat(code: number): boolean {
    if (this.peek() !== code) return false;
    this.pos++;
    return true;
  }

  expect(code: number, where: string): void {
    if (this.peek() !== code) this.fail(`expected '${String.fromCharCode(code)}' ${where}, found ${this.found()}`);
    this.pos++;
  }

  /** What stands here, for messages. */
  found(): string {
    const c = this.peek();
    if (c === -1) return "the end of the text";
    const start = this.pos;
    let i = start + 1;
    while (i < this.end && i < start + 40 && this.wordAt(i)) i++;
    return `'${this.src.slice(start, i)}'`;
  }

  private wordAt(i: number): boolean {
    const c = this.src.charCodeAt(i);
    return c < 128 && inWord[c] === 1;
  }

  /** Whether a name starts here (after `peek`). */
  startsName(code: number): boolean {
    return code > 0 && code < 128 && (code === ch.percent || (inWord[code] === 1 && (code < ch.zero || code > ch.nine)));
  }

  /** Whether a character may not follow a number directly. */
  inName(code: number): boolean {
    return code > 0 && code < 128 && inWord[code] === 1;
  }

  /** A name: letters, digits, `_`, `$`, and `%` in front. Empty when none starts here. */
  name(): string {
    const c = this.peek();
    if (!this.startsName(c)) return "";
    const start = this.pos;
    this.pos = wordEnd(this.src, start + 1, this.end);
    return this.src.slice(start, this.pos);
  }

  expectName(what: string): string {
    const name = this.name();
    if (name === "" || name === "%") this.fail(`expected ${what}, found ${this.found()}`);
    return name;
  }

  /** A name with its `.parts` and `::` inside, as one text: an instruction's mnemonic. Also a plain label name. */
  dotted(): string {
    const { src, end } = this;
    const start = this.pos;
    let i = wordEnd(src, start + 1, end);
    for (;;) {
      const c = i < end ? src.charCodeAt(i) : -1;
      if (c === ch.dot && i + 1 < end && this.wordAt(i + 1)) i = wordEnd(src, i + 1, end);
      else if (c === ch.colon && i + 2 < end && src.charCodeAt(i + 1) === ch.colon && this.wordAt(i + 2)) i = wordEnd(src, i + 2, end);
      else break;
    }
    this.pos = i;
    return src.slice(start, i);
  }

  /** `.word` (with `::` inside), without the dot. The caller has seen the dot. */
  directive(): string {
    this.pos++;
    const start = this.pos;
    this.pos = wordEnd(this.src, start, this.end);
    while (this.at(0) === ch.colon && this.at(1) === ch.colon && this.pos + 2 < this.end && this.wordAt(this.pos + 2)) this.pos = wordEnd(this.src, this.pos + 2, this.end);
    if (this.pos === start) this.fail("expected a directive after '.'");
    return this.src.slice(start, this.pos);
  }

  /** A string literal's text, escapes left as they are. */
  string(): string {
    this.expect(ch.quote, "to begin a string");
    const start = this.pos;
    while (this.pos < this.end) {
      const c = this.src.charCodeAt(this.pos);
      if (c === 92) this.pos++;
      else if (c === 10) break;
      else if (c === ch.quote) {
        const text = this.src.slice(start, this.pos);
        this.pos++;
        return text;
      }
      this.pos++;
    }
    this.pos = Math.min(this.pos, this.end);
    this.fail("string without end");
  }

  /** Skips to the end of the line. */
  skipLine(): void {
    const eol = this.src.indexOf("\n", this.pos);
    this.pos = eol < 0 || eol > this.end ? this.end : eol;
  }
}
