/**
 * Tests for some platforms or versions of Node.js. Elsewhere they are left out, not skipped: a skipped test is
 * one that a developer could run after an installation. In CI no test may be skipped.
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
