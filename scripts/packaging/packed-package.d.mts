/** Types for the tests; see packed-package.mjs. */

export function builtPackage(): Promise<string>;
export function packedPackage(): Promise<{ readonly tarball: string; readonly folder: string }>;
