/** Selects the engines that tests run on. */

import { describe } from "vitest";
import type { EngineVersion } from "../../src/testing/index.js";

/**
 * The engine on which tests run by default. `tests/versions/engine-1.0.test.ts` runs some test files on
 * 1.0.
 */
export const DEFAULT_ENGINE: EngineVersion =
  process.env.TEST_ENGINE === "v1.0.0-beta.10" ? "v1.0.0-beta.10" : "v0.21.8";

/** Runs the same tests on both lines of Dagger. Used where the two lines may differ. */
export function describeEachEngine(body: (engineVersion: EngineVersion) => void): void {
  describe.each<EngineVersion>(["v0.21.8", "v1.0.0-beta.10"])("engine %s", body);
}
