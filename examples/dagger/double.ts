/** Starts session doubles that imitate the engine of `--engine`, in all processes of the example. */

import { tmpdir } from "node:os";
import {
  type SessionDouble,
  type SessionDoubleOptions,
  startSessionDouble,
} from "dagger-circuit-breaker/testing";

const VARIABLE = "EXAMPLE_ENGINE_VERSION";

const VERSIONS = { "0.21": "v0.21.8", "1.0": "v1.0.0-beta.10" } as const;

/** The versions of the engine that a double can imitate. */
export const ENGINES = Object.keys(VERSIONS);

/** Selects the engine of all later doubles. The doubles of a stand-in CLI use it too. */
export function chooseEngine(engine: string): void {
  process.env[VARIABLE] = engine;
}

export function startDouble(options: SessionDoubleOptions = {}): Promise<SessionDouble> {
  const engine = process.env[VARIABLE];
  const engineVersion = VERSIONS[engine === "1.0" ? "1.0" : "0.21"];
  // An engine of 1.0 writes a lock file into the repository of its folder, so it gets a folder outside of
  // this repository.
  return startSessionDouble({ engineVersion, workdir: tmpdir(), ...options });
}
