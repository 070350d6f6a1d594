/** Types for the tests; see check.mjs. */

export interface Fault {
  readonly path: string;
  readonly kind: "comment" | "title" | "message" | "doc";
  readonly line: number;
  readonly word: string;
  readonly instead: string;
}
export function checkFiles(paths?: readonly string[]): readonly Fault[];
export function checkText(path: string, text: string): readonly Fault[];
