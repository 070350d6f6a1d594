/** Types for the tests; see cache.mjs. */

export const ROOT: string;
export function made(
  name: string,
  inputs: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string>;
