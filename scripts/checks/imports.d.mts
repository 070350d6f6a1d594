/** Types for the tests; see imports.mjs. */

export function findTestFiles(): string[];
export function importsOf(file: string, isLeaf?: (module: string) => boolean): Set<string>;
