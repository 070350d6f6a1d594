/** Types for the tests; see prepared-project.mjs. */

export function preparedProject(): Promise<string>;
