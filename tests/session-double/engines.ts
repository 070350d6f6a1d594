/** The engines that tests run on. */

import { describe } from "vitest";
import type { EngineVersion } from "../../src/testing/index.js";

/**
 * The default engine of tests; `tests/versions/engine-1.0.test.ts` runs some of them on another.
 */
export const DEFAULT_ENGINE: EngineVersion =
  process.env.TEST_ENGINE === "v1.0.0-beta.10" ? "v1.0.0-beta.10" : "v0.21.8";

/** Describes the same tests for both lines of Dagger, where the lines may differ. */
export function describeEachEngine(body: (engineVersion: EngineVersion) => void): void {
  describe.each<EngineVersion>(["v0.21.8", "v1.0.0-beta.10"])("engine %s", body);
}
