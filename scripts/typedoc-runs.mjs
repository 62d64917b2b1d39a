// A typedoc plugin. Pages get their group from their folder. In a run of constants or type aliases on lines that follow each other, the comment of the first documents all of them. (The
// headers' constants come in groups; test/architecture/documents.test.ts has the same rule.)
import ts from "typescript";
import { Comment, CommentTag, Converter, ReflectionKind } from "typedoc";

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

export function load(app) {
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
