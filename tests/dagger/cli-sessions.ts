/** Opens sessions through the SDK, on a double. A compiled program stands in for the SDK's CLI. */

import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { type Client, type ConnectGuardOptions, connect } from "../../src/dagger/index.js";
import { createRegistry, type Registry } from "../../src/index.js";
import {
  type SessionDouble,
  type SessionDoubleOptions,
  VirtualClock,
} from "../../src/testing/index.js";
import { type BuiltTestKit, buildTestKit } from "../session-double/built.js";
import { DEFAULT_ENGINE } from "../session-double/engines.js";

/** The objects that are created anew for each test of a file. */
export interface CliSessions {
  double: SessionDouble;
  clock: VirtualClock;
  registry: Registry;
  /** Runs a pipeline in a session that the SDK opens, with the engine's traces. */
  inSession<T>(body: (client: Client) => Promise<T>, guard?: ConnectGuardOptions): Promise<T>;
}

/** Creates the objects before each test of a file, and removes them afterwards. */
export function useCliSessions(options: SessionDoubleOptions = {}): CliSessions {
  let kit: BuiltTestKit;
  const sessions = {
    inSession: (body, guard = {}) =>
      connect(body, { guard: { registry: sessions.registry, traces: true, ...guard } }),
  } as CliSessions;
  beforeAll(async () => {
    kit = await buildTestKit();
  });
  afterAll(() => kit.remove());
  beforeEach(async () => {
    sessions.double = await kit.testing.startSessionDouble({
      ...(DEFAULT_ENGINE !== "v0.21.8" && { engineVersion: DEFAULT_ENGINE, workdir: tmpdir() }),
      ...options,
    });
    for (const [name, value] of Object.entries(await sessions.double.cliEnvironment())) {
      vi.stubEnv(name, value);
    }
    sessions.clock = new VirtualClock();
    sessions.registry = createRegistry({ defaults: { clock: sessions.clock } });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await sessions.double.stop();
  });
  return sessions;
}

/** Returns a pipeline that pulls an image and runs a command on it. */
export const pull = (image: string) => (client: Client) =>
  client.container().from(image).withExec(["echo", "ran"]).stdout();
