import { newModule } from "./builder.ts";
import type { Block, Fn, GlobalVar, KernelAttributes, KernelParam, LocalVar, Module, OpaqueVar, Relocation, SharedVar } from "./module.ts";
import type { Instr, Opcode, ValueId } from "./ops.ts";
import { shapes, type Field } from "./shape.ts";
import { Tokens } from "./tokens.ts";
import { sizeOf, type Type } from "./types.ts";
import { wordsOf } from "./words.ts";

const typeNames = Object.keys(sizeOf) as Type[];

/**
 * Reads what `printModule` writes. Checks the grammar only; `verifyModule` checks the meaning. Text written by hand may call values by
 * name (`%sum`): they are numbered behind the numbered ones, in order of appearance.
 * @throws CompileError of kind "syntax" with the line
 */
export function parseModule(text: string): Module {
  const tokens = new Tokens(text);
  tokens.expect("module");
  const name = tokens.string();
  tokens.key("source");
  const module = newModule(name, tokens.orNull(() => tokens.string()));
  while (!tokens.atEnd) {
    switch (tokens.word(["global", "shared", "kernel", "func"] as const)) {
      case "global": add(tokens, module.globals, parseGlobal(tokens)); break;
      case "shared": add(tokens, module.shared, parseShared(tokens)); break;
      case "kernel": add(tokens, module.functions, parseFunction(tokens, "kernel")); break;
      case "func": add(tokens, module.functions, parseFunction(tokens, "func")); break;
    }
  }
  return module;
}

function add<T extends { readonly name: string }>(tokens: Tokens, map: Map<string, T>, item: T): void {
  if (map.has(item.name)) tokens.fail(`${JSON.stringify(item.name)} is defined twice`);
  map.set(item.name, item);
}

function keyed<T>(tokens: Tokens, name: string, read: () => T): T {
  tokens.key(name);
  return read();
}

function parseStorage(tokens: Tokens): LocalVar {
  const name = tokens.string();
  const size = keyed(tokens, "size", () => tokens.number());
  return { name, size, align: keyed(tokens, "align", () => tokens.number()) };
}

function parseShared(tokens: Tokens): SharedVar {
  const storage = parseStorage(tokens);
  return tokens.peek === "linkage" ? { ...storage, linkage: keyed(tokens, "linkage", () => tokens.word(["visible", "extern", "weak", "common"] as const)) } : storage;
}

function parseGlobal(tokens: Tokens): GlobalVar {
  const name = tokens.string();
  const variable: GlobalVar = {
    name,
    space: keyed(tokens, "space", () => tokens.word(["global", "const"] as const)),
    size: keyed(tokens, "size", () => tokens.number()),
    align: keyed(tokens, "align", () => tokens.number()),
    linkage: keyed(tokens, "linkage", () => tokens.word(["local", "visible", "extern", "weak", "common"] as const)),
    managed: keyed(tokens, "managed", () => tokens.bool()),
    init: keyed(tokens, "init", () => tokens.orNull(() => parseBytes(tokens))),
    relocs: keyed(tokens, "relocs", () => tokens.list(() => parseRelocation(tokens))),
  };
  return tokens.peek === "opaque" ? { ...variable, opaque: keyed(tokens, "opaque", () => parseOpaque(tokens)) } : variable;
}

function parseOpaque(tokens: Tokens): OpaqueVar {
  tokens.expect("(");
  const kind = tokens.word(["texref", "samplerref", "surfref"] as const);
  const independent = tokens.bool();
  const members: [string, number | string][] = [];
  while (tokens.accept("(")) {
    members.push([tokens.string(), tokens.peek.startsWith('"') ? tokens.string() : tokens.number()]);
    tokens.expect(")");
  }
  tokens.expect(")");
  return { kind, independent, members: Object.fromEntries(members) };
}

function parseBytes(tokens: Tokens): Uint8Array {
  const hex = tokens.string();
  if (!/^([0-9a-f]{2})*$/.test(hex)) tokens.fail("expected bytes as pairs of hexadecimal digits");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function parseRelocation(tokens: Tokens): Relocation {
  tokens.expect("(");
  const offset = tokens.number();
  const size = tokens.word(["4", "8"]) === "4" ? 4 : 8;
  const reloc = { offset, size, symbol: tokens.string(), addend: tokens.bigint(), generic: tokens.bool() } as const;
  tokens.expect(")");
  return reloc;
}

function parseParam(tokens: Tokens): KernelParam {
  const name = tokens.string();
  const offset = keyed(tokens, "offset", () => tokens.number());
  const size = keyed(tokens, "size", () => tokens.number());
  const align = keyed(tokens, "align", () => tokens.number());
  const kind = keyed(tokens, "kind", () => tokens.word(["scalar", "bytes", "global", "const", "shared", "sampler", "image"] as const));
  const type = keyed(tokens, "type", () => tokens.orNull(() => tokens.word(typeNames)));
  const info = keyed(tokens, "info", () => tokens.orNull(() => tokens.list(() => tokens.string())));
  if (info === null) return { name, offset, size, align, kind, type, info };
  const [typeName, access, ...qualifiers] = info;
  if (typeName === undefined || access === undefined) tokens.fail("expected a type name and an access");
  return { name, offset, size, align, kind, type, info: { typeName, access, qualifiers } };
}

function parseAttributes(tokens: Tokens): KernelAttributes {
  const triple = (): [number, number, number] | null => tokens.orNull(() => {
    const [x, y, z, ...rest] = tokens.list(() => tokens.number());
    if (x === undefined || y === undefined || z === undefined || rest.length > 0) tokens.fail("expected three sizes");
    return [x, y, z];
  });
  return {
    reqdWorkGroupSize: keyed(tokens, "reqd", triple),
    workGroupSizeHint: keyed(tokens, "hint", triple),
    maxThreads: keyed(tokens, "threads", () => tokens.orNull(() => tokens.number())),
    minBlocksPerSm: keyed(tokens, "blocks", () => tokens.orNull(() => tokens.number())),
    vecTypeHint: keyed(tokens, "vec", () => tokens.orNull(() => tokens.string())),
    registers: keyed(tokens, "registers", () => tokens.number()),
    ...(tokens.peek === "subgroup" ? { subGroupSize: keyed(tokens, "subgroup", () => tokens.number()) } : {}),
  };
}

function parseFunction(tokens: Tokens, kind: "kernel" | "func"): Fn {
  const name = tokens.string();
  const params = keyed(tokens, "params", () => tokens.list(() => tokens.word(typeNames)));
  const results = keyed(tokens, "results", () => tokens.list(() => tokens.word(typeNames)));
  const paramBytes = keyed(tokens, "bytes", () => tokens.number());
  const linkage = keyed(tokens, "linkage", () => tokens.word(["local", "visible", "extern", "weak"] as const));
  const inline = tokens.peek === "inline" ? keyed(tokens, "inline", () => tokens.bool()) : undefined;
  tokens.expect("{");
  const kernelParams: KernelParam[] = [];
  while (tokens.accept("param")) kernelParams.push(parseParam(tokens));
  const attributes = tokens.accept("attributes") ? parseAttributes(tokens) : null;
  const locals: LocalVar[] = [];
  while (tokens.accept("local")) locals.push(parseStorage(tokens));
  const types: Type[] = [...params];
  const body = new Body(tokens, types);
  body.scan();
  if (tokens.accept("undefined")) while (tokens.peek.startsWith("%")) body.definition();
  const blocks = body.blocks();
  for (let value = 0; value < types.length; value++) if (types[value] === undefined) tokens.fail(`%${value} of "${name}" has no type`);
  return { name, kind, params, results, types, blocks, locals, kernelParams, paramBytes, attributes, linkage, ...(inline === undefined ? {} : { inline }) };
}

/** The blocks of one function: knows its labels and collects the types of the values it defines. */
class Body {
  private readonly tokens: Tokens;
  private readonly types: Type[];
  private readonly labels = new Map<string, number>();
  private readonly names = new Map<string, ValueId>();

  constructor(tokens: Tokens, types: Type[]) {
    this.tokens = tokens;
    this.types = types;
  }

  /** `%3:i32` */
  definition(): ValueId {
    const value = this.value();
    this.tokens.expect(":");
    this.types[value] = this.tokens.word(typeNames);
    return value;
  }

  /** Collects labels and value names in a first pass over the body, because uses may come before definitions. */
  scan(): void {
    const start = this.tokens.mark();
    let numbered = this.types.length;
    const names = new Set<string>();
    while (!this.tokens.accept("}")) {
      const text = this.tokens.next();
      if (/^%\d+$/.test(text)) numbered = Math.max(numbered, Number(text.slice(1)) + 1);
      else if (text.startsWith("%")) names.add(text);
      else if (text.startsWith("^") && this.tokens.peek === ":") {
        const label = labelOf(text);
        if (this.labels.has(label)) this.tokens.fail(`block ${text} is defined twice`);
        this.labels.set(label, this.labels.size);
      }
    }
    for (const name of names) this.names.set(name, numbered + this.names.size);
    this.tokens.reset(start);
  }

  blocks(): Block[] {
    const blocks: Block[] = [];
    while (!this.tokens.accept("}")) {
      if (!this.tokens.peek.startsWith("^")) this.tokens.fail(`expected a block, found ${JSON.stringify(this.tokens.peek)}`);
      const label = labelOf(this.tokens.next());
      this.tokens.expect(":");
      const instrs: Instr[] = [];
      while (!this.tokens.peek.startsWith("^") && this.tokens.peek !== "}") instrs.push(this.instr());
      blocks.push({ label, instrs });
    }
    return blocks;
  }

  private value(): ValueId {
    const text = this.tokens.peek;
    if (!/^%[\w.$]+$/.test(text)) this.tokens.fail(`expected a value such as %3, found ${JSON.stringify(text)}`);
    this.tokens.next();
    return this.names.get(text) ?? Number(text.slice(1));
  }

  private block(): number {
    const text = this.tokens.next();
    const id = text.startsWith("^") ? this.labels.get(labelOf(text)) : undefined;
    if (id === undefined) this.tokens.fail(`no block is called ${text}`);
    return id;
  }

  private instr(): Instr {
    const { tokens } = this;
    const defined: (ValueId | -1)[] = [];
    if (tokens.peek.startsWith("%")) {
      defined.push(this.definition());
      while (tokens.accept(",")) defined.push(tokens.accept("_") ? -1 : this.definition());
      tokens.expect("=");
    }
    const op = tokens.next() as Opcode;
    const shape = Object.hasOwn(shapes, op) ? shapes[op] : tokens.fail(`no operation is called ${op}`);
    const instr: Record<string, unknown> = { op };
    const counts = { none: [0], one: [1], ok: [2], list: null }[shape.results];
    if (counts !== null && !counts.includes(defined.length)) tokens.fail(`${op} defines ${counts[0]} values, not ${defined.length}`);
    if (shape.results === "one") instr["dst"] = defined[0];
    else if (shape.results === "list") instr["dst"] = defined;
    else if (shape.results === "ok") [instr["dst"], instr["ok"]] = defined;
    for (const spec of shape.fields) {
      if (!spec.optional) instr[spec.name] = this.field(op, spec);
      else if (tokens.peek === spec.name && tokens.peekAfter === "=") instr[spec.name] = keyed(tokens, spec.name, () => this.field(op, spec));
    }
    if (tokens.peek.startsWith("!")) {
      instr["line"] = Number(tokens.next().slice(1));
      if (!Number.isInteger(instr["line"])) tokens.fail("expected a line number");
    }
    return instr as unknown as Instr;
  }

  private field(op: Opcode, spec: Field): unknown {
    const { tokens } = this;
    switch (spec.kind) {
      case "value": return this.value();
      case "value?": return tokens.orNull(() => this.value());
      case "values": return tokens.list(() => this.value());
      case "block": return this.block();
      case "phi": return tokens.list(() => [this.block(), this.value()]);
      case "cases": return tokens.list(() => [tokens.bigint(), this.block()]);
      case "literal": return /^-?\d+n$/.test(tokens.peek) ? tokens.bigint() : tokens.number();
      case "int": return tokens.number();
      case "big": return tokens.bigint();
      case "bool": return tokens.bool();
      case "word": return tokens.word(wordsOf(op, spec.name));
      case "string": return tokens.string();
      case "string?": return tokens.orNull(() => tokens.string());
      case "types": return tokens.list(() => tokens.word(typeNames));
    }
  }
}

function labelOf(text: string): string {
  return text.startsWith('^"') ? (JSON.parse(text.slice(1)) as string) : text.slice(1);
}
