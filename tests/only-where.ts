/**
 * Registers tests only on some platforms or versions of Node.js. Elsewhere the tests are left out instead
 * of skipped, because "skipped" means that a developer must install something. In CI no test may be
 * skipped.
 */

import { describe, test } from "vitest";

const nothing = Object.assign(() => undefined, { each: () => () => undefined });

/** Returns `test` when the condition holds. Otherwise returns a function that registers nothing. */
export function testWhere(holds: boolean): typeof test {
  return holds ? test : (nothing as unknown as typeof test);
}

/** Returns `describe` when the condition holds. Otherwise returns a function that registers nothing. */
export function describeWhere(holds: boolean): typeof describe {
  return holds ? describe : (nothing as unknown as typeof describe);
}
