/** Types for the tests; see progress.mjs. */

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}
export function progressLine(
  title: string,
  out?: Output,
): { update(state: string): void; end(): void };
