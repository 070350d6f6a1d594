/**
 * Tests of what only some platforms or versions of Node.js have. Elsewhere they are left out and not skipped: a skipped
 * test is one that somebody could run after installing what it needs, and in CI there is none.
 */

import { describe, test } from "vitest";

const nothing = Object.assign(() => undefined, { each: () => () => undefined });

/** `test` where something holds, else what registers none. */
export function testWhere(holds: boolean): typeof test {
  return holds ? test : (nothing as unknown as typeof test);
}

/** `describe` where something holds, else what registers none. */
export function describeWhere(holds: boolean): typeof describe {
  return holds ? describe : (nothing as unknown as typeof describe);
}
