import { CompileError } from "../abi.ts";

/** Kinds of token. `punct` is one character; `...` counts as a word. */
export type TokenKind = "eof" | "word" | "local" | "global" | "meta" | "attr" | "int" | "float" | "string" | "comdat" | "punct";

const NAME = new Uint8Array(128);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._$-") NAME[c.charCodeAt(0)] = 1;

function isNameChar(code: number): boolean {
  return code < 128 && NAME[code] === 1;
}
function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Turns `\xx` escapes of a quoted LLVM string into characters of those codes. */
export function unescape(text: string): string {
  return text.includes("\\")
    ? text.replace(/\\(\\|[0-9a-fA-F]{2})/g, (_, code: string) => (code === "\\" ? "\\" : String.fromCharCode(parseInt(code, 16))))
    : text;
}

/**
 * Tokens of textual LLVM IR, one at a time (`kind` and `text` are the current one). Names come without their sigil.
 * Speed matters here: programs of megabytes are read between two host calls.
 */
export class Lexer {
  readonly src: string;
  pos: number;
  kind: TokenKind = "eof";
  text = "";
  /** Where the current token starts. */
  start = 0;
  /** Whether the current token is the first of its line. */
  first = true;

  constructor(src: string, pos = 0) {
    this.src = src;
    this.pos = pos;
    this.next();
  }

  /** 1-based line of the current token. Counted when asked: only errors ask. */
  get line(): number {
    let line = 1;
    for (let i = this.src.indexOf("\n"); i !== -1 && i < this.start; i = this.src.indexOf("\n", i + 1)) line++;
    return line;
  }

  /** Reads the next token into `kind` and `text`. */
  next(): void {
    const { src } = this;
    let pos = this.pos;
    let code = src.charCodeAt(pos);
    this.first = false;
    for (;;) {
      if (code === 10) this.first = true;
      if (code === 32 || code === 10 || code === 9 || code === 13) code = src.charCodeAt(++pos);
      else if (code === 59 /* ; */) {
        const end = src.indexOf("\n", pos);
        pos = end === -1 ? src.length : end;
        code = src.charCodeAt(pos);
      } else break;
    }
    this.start = pos;
    if (code !== code) {
      this.pos = pos;
      this.kind = "eof";
      this.text = "";
      return;
    }
    switch (code) {
      case 37: return this.name("local", pos + 1);
      case 64: return this.name("global", pos + 1);
      case 35: return this.name("attr", pos + 1);
      case 36: return this.name("comdat", pos + 1);
      case 33: {
        const after = src.charCodeAt(pos + 1);
        if (isNameChar(after) || after === 92 || after === 34) return this.name("meta", pos + 1);
        return this.one(pos);
      }
      case 34: return this.quoted("string", pos);
      case 46:
        this.kind = "word";
        this.text = "...";
        this.pos = pos + 3;
        return;
    }
    if (isDigit(code) || code === 45 || code === 43) return this.number(pos);
    if (isNameChar(code)) {
      let end = pos + 1;
      while (isNameChar(src.charCodeAt(end))) end++;
      this.kind = "word";
      this.text = src.slice(pos, end);
      this.pos = end;
      return;
    }
    this.one(pos);
  }

  private one(pos: number): void {
    this.kind = "punct";
    this.text = this.src[pos]!;
    this.pos = pos + 1;
  }

  private name(kind: TokenKind, from: number): void {
    if (this.src.charCodeAt(from) === 34) return this.quoted(kind, from);
    let end = from;
    while (isNameChar(this.src.charCodeAt(end)) || this.src.charCodeAt(end) === 92) end++;
    this.kind = kind;
    this.text = this.src.slice(from, end);
    this.pos = end;
  }

  private quoted(kind: TokenKind, quote: number): void {
    const end = this.src.indexOf('"', quote + 1);
    if (end === -1) throw new CompileError("syntax", "unterminated string in LLVM IR", this.line);
    this.kind = kind;
    this.text = unescape(this.src.slice(quote + 1, end));
    this.pos = end + 1;
  }

  private number(pos: number): void {
    const { src } = this;
    let end = pos + 1;
    while (isDigit(src.charCodeAt(end))) end++;
    const whole = !isNameChar(src.charCodeAt(end)) && end > pos + (isDigit(src.charCodeAt(pos)) ? 0 : 1);
    if (!whole) while (isNameChar(src.charCodeAt(end)) || (src.charCodeAt(end) === 43 && (src.charCodeAt(end - 1) | 32) === 101)) end++;
    this.text = src.slice(pos, end);
    this.pos = end;
    this.kind = whole ? "int" : /^[-+]?\d+\.\d*(e[-+]?\d+)?$|^0x[0-9A-FHKLMR]/i.test(this.text) ? "float" : "word";
  }

  fail(message: string): never {
    throw new CompileError("syntax", `${message} in LLVM IR`, this.line);
  }
  /** Says what could not be understood, and where. */
  unexpected(wanted: string): never {
    return this.fail(`expected ${wanted}, found ${this.kind === "eof" ? "the end" : `'${this.text}'`}`);
  }

  has(kind: TokenKind): boolean {
    return this.kind === kind;
  }
  is(punct: string): boolean {
    return this.kind === "punct" && this.text === punct;
  }
  isWord(word: string): boolean {
    return this.kind === "word" && this.text === word;
  }
  /** Takes the punctuation mark if it is next. */
  eat(punct: string): boolean {
    if (!this.is(punct)) return false;
    this.next();
    return true;
  }
  eatWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.next();
    return true;
  }
  expect(punct: string): void {
    if (!this.eat(punct)) this.unexpected(`'${punct}'`);
  }
  /** Takes a token of the kind, gives its text. */
  take(kind: TokenKind): string {
    if (this.kind !== kind) this.unexpected(kind);
    const { text } = this;
    this.next();
    return text;
  }
  int(): number {
    return Number(this.take("int"));
  }
  /** Skips from the current "(" (or "[", "{", "<") to behind its partner. */
  skipBalanced(): void {
    let depth = 0;
    do {
      if (this.kind === "eof") this.unexpected("a closing bracket");
      if (this.kind === "punct") {
        if ("([{<".includes(this.text)) depth++;
        else if (")]}>".includes(this.text)) depth--;
      }
      this.next();
    } while (depth > 0);
  }
}
