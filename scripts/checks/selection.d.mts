/** Types for the tests; see selection.mjs. */

export interface TestFile {
  readonly path: string;
  readonly project: string;
  readonly seams: readonly string[];
  readonly tools: readonly string[];
}
export const SEAMS: readonly { readonly name: string; readonly modules: readonly string[] }[];
export function selectTests(): TestFile[];
export function describeFile(path: string): TestFile;
export function isLeaf(module: string): boolean;
