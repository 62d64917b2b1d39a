/** Where a descriptor of a command goes to or comes from. */
export interface Redirection {
  readonly fd: 0 | 1 | 2;
  readonly path: string;
  readonly append: boolean;
}

/** One command: words and redirections. */
export interface Command {
  readonly words: readonly string[];
  readonly redirections: readonly Redirection[];
}

/** Commands connected by pipes. */
export interface Pipeline {
  readonly commands: readonly Command[];
  readonly background: boolean;
  /** When it runs: always, or depending on how the one before it ended. */
  readonly when: "always" | "and" | "or";
  /** As it was typed. */
  readonly text: string;
}

/** What is wrong with a line. */
export class ShellSyntaxError extends Error {}

type Token = { readonly kind: "word" | "operator"; readonly text: string; readonly end: number };

const operators = ["&&", "||", ">>", "2>>", "2>", ">", "<", "|", "&", ";"];

/** Reads one word, with quotes and variables. */
function word(line: string, from: number, variable: (name: string) => string): { readonly text: string; readonly end: number } {
  let text = "";
  let quote = "";
  let i = from;
  for (; i < line.length; i++) {
    const c = line[i]!;
    if (quote !== "'" && c === "$") {
      const name = /^\{?(\w+|\?)\}?/.exec(line.slice(i + 1));
      if (name !== null) {
        text += variable(name[1]!);
        i += name[0].length;
        continue;
      }
    }
    if (quote !== "") {
      if (c === quote) quote = "";
      else text += c;
    } else if (c === "'" || c === '"') quote = c;
    else if (c === "\\") text += line[++i] ?? "";
    else if (/[\s|&;<>]/.test(c)) break;
    else text += c;
  }
  if (quote !== "") throw new ShellSyntaxError(`unexpected end of line while looking for matching ${quote}`);
  return { text, end: i };
}

function tokens(line: string, variable: (name: string) => string): Token[] {
  const found: Token[] = [];
  let i = 0;
  while (i < line.length) {
    if (/\s/.test(line[i]!)) {
      i++;
      continue;
    }
    if (line[i] === "#") break;
    const operator = operators.find((op) => line.startsWith(op, i));
    if (operator !== undefined) {
      i += operator.length;
      found.push({ kind: "operator", text: operator, end: i });
      continue;
    }
    const { text, end } = word(line, i, variable);
    i = end;
    found.push({ kind: "word", text, end });
  }
  return found;
}

const redirects: Readonly<Record<string, { readonly fd: 0 | 1 | 2; readonly append: boolean }>> = {
  "<": { fd: 0, append: false }, ">": { fd: 1, append: false }, ">>": { fd: 1, append: true }, "2>": { fd: 2, append: false }, "2>>": { fd: 2, append: true },
};

/**
 * Reads a line: commands with quotes, $VARIABLES, pipes, redirections (<, >, >>, 2>), `&`, `;`, `&&`, `||` and comments.
 * @param variable value of a variable
 * @throws ShellSyntaxError
 */
export function parseLine(line: string, variable: (name: string) => string): Pipeline[] {
  const list = tokens(line, variable);
  const found: Pipeline[] = [];
  let commands: Command[] = [];
  let words: string[] = [];
  let redirections: Redirection[] = [];
  let when: Pipeline["when"] = "always";
  let from = 0;
  const unexpected = (text: string): never => {
    throw new ShellSyntaxError(`syntax error near unexpected token '${text}'`);
  };
  const endCommand = (by: string): void => {
    if (words.length === 0) unexpected(by);
    commands.push({ words, redirections });
    words = [];
    redirections = [];
  };
  const endPipeline = (by: string, background: boolean, end: number): void => {
    endCommand(by);
    found.push({ commands, background, when, text: line.slice(from, end).replace(/\s*(&&|\|\||[&;])\s*$/, "").trim() });
    commands = [];
    when = by === "&&" ? "and" : by === "||" ? "or" : "always";
    from = end;
  };
  for (let i = 0; i < list.length; i++) {
    const token = list[i]!;
    if (token.kind === "word") {
      words.push(token.text);
      continue;
    }
    const redirect = redirects[token.text];
    if (redirect !== undefined) {
      const path = list[++i];
      if (path?.kind !== "word") unexpected(path?.text ?? "newline");
      redirections.push({ ...redirect, path: path!.text });
    } else if (token.text === "|") endCommand("|");
    else endPipeline(token.text, token.text === "&", token.end);
  }
  if (words.length + redirections.length + commands.length > 0) endPipeline("newline", false, line.length);
  else if (when !== "always") unexpected("newline");
  return found;
}
