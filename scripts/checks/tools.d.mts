/** Types for the tests; see tools.mjs. */

export function findTool(
  name: string,
  options: { readonly installs: boolean },
): Promise<string | undefined>;
