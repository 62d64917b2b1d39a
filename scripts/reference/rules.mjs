/**
 * The rules that functions check, read from the source: every `fail(t, CODE, "rule", ...)` that a function can come to, through functions that it calls. A reference made of them cannot say
 * anything that the code does not.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const calls = /^(fail|failNull|refuse)$/;

/** Code and rule of a call that fails, or null. A rule that is put together ("${name} must ...") is taken with the names of what is put in. */
function ruleOf(call) {
  const args = call.arguments.map((argument) => (ts.isAsExpression(argument) ? argument.expression : argument));
  const at = args.findIndex((argument) => /^(cu\.|rt\.)?(CUDA_ERROR_|cudaError|CL_)\w+$/.test(argument.getText()));
  const text = args[at + 1];
  if (at < 0 || text === undefined) return null;
  const code = args[at].getText().replace(/^\w+\./, "");
  if (ts.isStringLiteral(text) || ts.isNoSubstitutionTemplateLiteral(text)) return { code, rule: text.text };
  if (ts.isTemplateExpression(text)) {
    const rule = text.head.text + text.templateSpans.map((span) => `${ts.isIdentifier(span.expression) ? `<${span.expression.text}>` : "..."}${span.literal.text}`).join("");
    return { code, rule: rule.replaceAll("<name>", "the argument").replaceAll("a valid <kind>", "valid and of the right kind").replaceAll(/<(\w+)>/g, "$1") };
  }
  return null;
}

/** Functions of the source files below a folder by name: rules of their own, and names that they call. */
function functionsOf(folders) {
  const found = new Map();
  for (const folder of folders) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "table.ts")) {
      const tree = ts.createSourceFile(file, readFileSync(join(folder, file), "utf8"), ts.ScriptTarget.ES2022, true);
      for (const statement of tree.statements) {
        if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) continue;
        const own = { rules: [], callees: new Set(), file: join(folder, file) };
        const visit = (node) => {
          if (ts.isCallExpression(node)) {
            const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
            if (calls.test(name)) {
              const rule = ruleOf(node);
              if (rule !== null) own.rules.push(rule);
            } else if (ts.isIdentifier(node.expression) || (ts.isPropertyAccessExpression(node.expression) && /^(cu|host|pool|driver)$/.test(node.expression.expression.getText()))) own.callees.add(name);
          }
          ts.forEachChild(node, visit);
        };
        visit(statement);
        // Of two functions with one name the one of the same file is meant; otherwise any: helpers are few and specific.
        const key = statement.name.text;
        found.set(`${own.file}:${key}`, own);
        if (!found.has(key) || /^export/.test(statement.getText())) found.set(key, own);
      }
    }
  }
  return found;
}

/**
 * Rules and callees of every function, through everything that it calls.
 * @param folders absolute paths
 * @returns (name) => { rules: Map<code, rule[]>, reaches: Set<name> }
 */
export function minedRules(folders) {
  const functions = functionsOf(folders);
  return (name) => {
    const rules = new Map();
    const reaches = new Set();
    const visit = (own, depth) => {
      for (const { code, rule } of own.rules) {
        const list = rules.get(code) ?? [];
        if (!list.includes(rule)) list.push(rule);
        rules.set(code, list);
      }
      if (depth > 6) return;
      for (const callee of own.callees) {
        const next = functions.get(`${own.file}:${callee}`) ?? functions.get(callee);
        if (next === undefined || reaches.has(`${next.file}:${callee}`)) continue;
        reaches.add(callee).add(`${next.file}:${callee}`);
        visit(next, depth + 1);
      }
    };
    const own = functions.get(name);
    if (own !== undefined) visit(own, 0);
    return { rules, reaches };
  };
}
