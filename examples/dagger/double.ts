/** Starts session doubles of the engine in `--engine`, in every process of the example. */

import { tmpdir } from "node:os";
import {
  type SessionDouble,
  type SessionDoubleOptions,
  startSessionDouble,
} from "dagger-circuit-breaker/testing";

const VARIABLE = "EXAMPLE_ENGINE_VERSION";

const VERSIONS = { "0.21": "v0.21.8", "1.0": "v1.0.0-beta.10" } as const;

/** The engines that the double can imitate. */
export const ENGINES = Object.keys(VERSIONS);

/** Selects the engine for all later doubles, including those of a stand-in CLI. */
export function chooseEngine(engine: string): void {
  process.env[VARIABLE] = engine;
}

export function startDouble(options: SessionDoubleOptions = {}): Promise<SessionDouble> {
  const engine = process.env[VARIABLE];
  const engineVersion = VERSIONS[engine === "1.0" ? "1.0" : "0.21"];
  // An engine of 1.0 would write its lock file into the repository in which the example runs.
  return startSessionDouble({ engineVersion, workdir: tmpdir(), ...options });
}
