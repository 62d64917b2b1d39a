// A typedoc plugin. Pages get their group from their folder. In a run of constants or type aliases on lines that follow each other, the comment of the first documents all of them. (The
// headers' constants come in groups; test/architecture/documents.test.ts has the same rule.)
import { readFileSync } from "node:fs";
import ts from "typescript";
import { Comment, CommentTag, Converter, ReflectionKind, UnknownType } from "typedoc";

/** The statement that declares a symbol. */
function statementOf(declaration) {
  let node = declaration;
  while (node !== undefined && !ts.isVariableStatement(node) && !ts.isTypeAliasDeclaration(node)) node = node.parent;
  return node;
}

/** Text of the doc comment of the first statement of the run that `statement` stands in, or null. */
function commentOfRun(statement) {
  const file = statement.getSourceFile();
  const lineOf = (position) => file.getLineAndCharacterOfPosition(position).line;
  const siblings = file.statements;
  for (let at = siblings.indexOf(statement); at >= 0; at--) {
    const [doc] = ts.getJSDocCommentsAndTags(siblings[at]);
    if (doc !== undefined) return ts.getTextOfJSDocComment(doc.comment) ?? null;
    const before = siblings[at - 1];
    if (before === undefined || lineOf(before.getEnd()) + 1 !== lineOf(siblings[at].getStart())) return null;
  }
  return null;
}

/** Group of a page by its folder; those of docs/ itself name theirs, or are about the inside. */
function groupOf(path) {
  const folder = /\/docs\/(guide|support|decisions)\//.exec(path)?.[1];
  return { guide: "Guide", support: "Support tables", decisions: "Decisions" }[folder] ?? "Inside";
}

/** Order of pages: what a newcomer needs first. Others come after these, by name. */
const order = [
  "docs/start", "docs/porting", "docs/diagnostics", "docs/timeline", "docs/examples",
  ...["README", "processes", "memory", "preemption", "opencl", "scheduling-table", "drm-scheduler", "sharing-a-gpu", "best-practice", "monitoring", "faults", "property-testing", "checked-mode"].map((name) => `docs/guide/${name}`),
  "docs/honesty", "docs/support/cuda-driver", "docs/support/cuda-runtime", "docs/support/opencl", "docs/support/non-spec", "docs/architecture", "docs/kernel", "docs/invariants", "docs/performance", "docs/ulp", "docs/fault-injection", "docs/seed", "docs/decisions/README",
];

/** Names of modules as programs import them. */
const moduleNames = {
  index: "glassgpu", "cuda/entry/cuda": "glassgpu/cuda", "cuda/entry/cuda12": "glassgpu/cuda12", "cuda/entry/cudart": "glassgpu/cudart", "opencl/entry/opencl": "glassgpu/opencl", nvml: "glassgpu/nvml", kernel: "glassgpu/kernel", testing: "glassgpu/testing",
  tools: "glassgpu/tools",
};

/**
 * A constant that holds a function of an API is shown as what it is: its signature as the type, and its parameters as a list. (Typedoc's own way for such constants knows a signature only by its
 * declaration, which here is one rest parameter for all functions.)
 */
function showFunction(context, reflection) {
  const { comment } = reflection;
  const parameters = comment?.getTags("@param") ?? [];
  const symbol = context.getSymbolFromReflection(reflection);
  if (parameters.length === 0 || symbol === undefined) return;
  const declaration = symbol.declarations?.[0];
  const checker = declaration === undefined ? undefined : context.programs.find((program) => program.getSourceFiles().includes(declaration.getSourceFile()))?.getTypeChecker();
  if (checker !== undefined) {
    reflection.type = new UnknownType(checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, declaration), declaration, ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope));
  }
  comment.removeTags("@param");
  const list = parameters.flatMap((tag) => [{ kind: "text", text: `\n- ` }, { kind: "code", text: `\`${tag.name}\`` }, { kind: "text", text: ": " }, ...tag.content]);
  comment.summary.push({ kind: "text", text: "\n\n**Parameters**\n" }, ...list);
}

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const reflection of context.project.getReflectionsByKind(ReflectionKind.Variable)) showFunction(context, reflection);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.getReflectionsByKind(ReflectionKind.Module)) module.name = moduleNames[module.name] ?? module.name;
    for (const document of context.project.getReflectionsByKind(ReflectionKind.Document)) {
      // A page without a title of its own is called as its heading says.
      const path = context.project.files.getReflectionPath(document);
      if (path === undefined || "title" in document.frontmatter) continue;
      document.name = /^# (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] ?? document.name;
    }
    const rank = (document) => {
      const at = order.findIndex((name) => (context.project.files.getReflectionPath(document) ?? "").endsWith(`/${name}.md`));
      return at < 0 ? order.length : at;
    };
    context.project.documents?.sort((a, b) => rank(a) - rank(b));
    context.project.childrenIncludingDocuments?.sort((a, b) => Number(b.kind === ReflectionKind.Document) - Number(a.kind === ReflectionKind.Document) || (a.kind === ReflectionKind.Document ? rank(a) - rank(b) : 0));
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const document of context.project.getReflectionsByKind(ReflectionKind.Document)) {
      const path = context.project.files.getReflectionPath(document);
      if (path === undefined || document.comment?.getTag("@group") !== undefined) continue;
      document.comment ??= new Comment();
      document.comment.blockTags.push(new CommentTag("@group", [{ kind: "text", text: groupOf(path) }]));
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const reflection of context.project.getReflectionsByKind(ReflectionKind.Variable | ReflectionKind.TypeAlias)) {
      if (reflection.hasComment()) continue;
      const statement = statementOf(context.getSymbolFromReflection(reflection)?.declarations?.[0]);
      const text = statement === undefined ? null : commentOfRun(statement);
      if (text !== null) reflection.comment = new Comment([{ kind: "text", text }]);
    }
  });
}
