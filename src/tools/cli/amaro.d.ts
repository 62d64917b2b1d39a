/** The part of amaro (Node's own type stripper, as a package) that the loader hooks use. */
declare module "amaro" {
  export function transformSync(source: string, options: { mode: "strip-only" | "transform"; sourceMap: boolean; filename: string }): { code: string; map?: string };
}
