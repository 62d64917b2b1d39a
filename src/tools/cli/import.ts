/** Imports a module, by its URL. */
export type ImportModule = (url: string) => Promise<unknown>;

let given: ImportModule = (url) => Promise.reject(new Error(`${url}: nobody said how modules are imported`));

/** How this program imports modules: as an ES module does. The program itself runs as a script (src/tools/loader), for which Node's import() is an experiment. */
export function useImport(importer: ImportModule): void {
  given = importer;
}

/** Imports a host program or this package's own public module. */
export const importModule: ImportModule = (url) => given(url);
