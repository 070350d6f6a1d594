/** Types for the tests; see bundle-program.mjs. */

export function bundleForPackage(folder: string): Promise<void>;
