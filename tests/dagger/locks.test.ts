// Tests images in a lock file, with the real SDK and a double of an engine of 1.0.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { connect, type LockedEvent } from "../../src/dagger/index.js";
import { createFleet } from "../../src/fleet/client/fleet.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { createRegistry, isCircuitBreakerOpenError } from "../../src/index.js";
import { pull, useCliSessions } from "./cli-sessions.js";

const HUB = "registry:docker.io";

const repository = mkdtempSync(join(tmpdir(), "dagger-locks-"));
mkdirSync(join(repository, ".git"));
mkdirSync(join(repository, "ci"));
const Workdir = join(repository, "ci");
const file = join(repository, "dagger.lock");
afterAll(() => rmSync(repository, { recursive: true, force: true }));
beforeEach(() => rmSync(file, { force: true }));

const sessions = useCliSessions({ engineVersion: "v1.0.0-beta.10", workdir: Workdir });
const locked: LockedEvent[] = [];

/** Pulls an image in a new session, like a job that starts in the folder. */
async function run(image: string, traces: boolean): Promise<string> {
  const { registry } = sessions;
  const onLocked = (event: LockedEvent) => void locked.push(event);
  try {
    return await connect(pull(image), { Workdir, guard: { registry, traces, onLocked } });
  } catch (error) {
    return isCircuitBreakerOpenError(error) ? `rejected by ${error.breakerName}` : "failed";
  }
}

/** Takes Docker Hub down, and opens its circuit through failures of other pipelines of this process. */
function outage(): void {
  const { registry, clock, double } = sessions;
  double.setFaults([{ host: "docker.io", kind: "status", status: 503 }]);
  const hub = registry.get(HUB, {
    trip: { badSeconds: 5, windowMs: 60_000 },
    openTimeGrowthFactor: 2,
  });
  for (let second = 0; second < 10 && hub.state === "closed"; second += 1) {
    hub.record("failure", { generation: hub.getMetrics().generation });
    clock.advance(1000);
  }
  expect(hub.state).toBe("open");
}

const hubMetrics = () => sessions.registry.get(HUB).getMetrics();

test("an engine with a locked image runs it through an outage: no call is rejected, none proves anything", async () => {
  const { double, clock } = sessions;
  expect(await run("alpine:3", true)).toBe("ran\n");
  // The CLI writes the lock file when it ends, and no call waits for that.
  await vi.waitFor(() => expect(existsSync(file)).toBe(true));
  outage();
  const { successCount } = hubMetrics().metrics;
  const asked = double.requestsTo("docker.io");
  for (const traces of [true, false]) {
    expect(await run("alpine:3", traces)).toBe("ran\n");
  }
  expect(double.requestsTo("docker.io")).toBe(asked);
  expect(await run("alpine:4", true)).toBe(`rejected by ${HUB}`);
  clock.advance(120_000);
  expect(await run("alpine:3", false)).toBe("ran\n");
  expect(hubMetrics().metrics).toMatchObject({ successCount, rejectedCount: 1 });
  expect(hubMetrics().state).not.toBe("closed");
  expect(locked).toHaveLength(3);
  expect(locked[0]).toMatchObject({ reference: "docker.io/library/alpine:3", path: file });
});

test("an engine without the locked image fails once, and is rejected after that", async () => {
  const { double, clock } = sessions;
  const digest = `sha256:${"ab".repeat(32)}`;
  const lock = ["", "container.from", ["docker.io/library/alpine:3", "linux/amd64"], digest];
  writeFileSync(file, `[["version","1"]]\n${JSON.stringify(lock)}\n`);
  outage();
  expect(await run("alpine:3", true)).toBe("failed");
  const asked = double.requestsTo("docker.io");
  expect(await run("alpine:3", true)).toBe(`rejected by ${HUB}`);
  expect(double.requestsTo("docker.io")).toBe(asked);
  double.setFaults([]);
  clock.advance(120_000);
  expect(await run("alpine:3", true)).toBe("ran\n");
  await vi.waitFor(() => expect(hubMetrics().state).toBe("closed"));
});

test("a process that joins an outage closes the shared circuit with its first pull, without an option for traces", async () => {
  const store = memoryStore();
  const guarded = async (image: string) => {
    const fleet = createFleet({ store });
    const breakers = { [HUB]: { resetTimeoutMs: 1 } };
    const guard = { registry: createRegistry(), fleet, breakers, rateLimitOpenMs: 1 };
    try {
      return await connect(pull(image), { Workdir, guard });
    } catch {
      return "failed";
    } finally {
      await fleet.close();
    }
  };
  const hub = async () =>
    (await store.list("default")).find(({ name }) => name === HUB)?.snapshot ?? { state: "none" };
  sessions.double.setFaults([{ host: "docker.io", kind: "status", status: 429 }]);
  expect(await guarded("alpine:3")).toBe("failed");
  expect(await hub()).toMatchObject({ state: "open" });
  sessions.double.setFaults([]);
  await vi.waitFor(async () => expect(await hub()).toMatchObject({ retryAfterMs: 0 }));
  expect(await guarded("busybox:1")).toBe("ran\n");
  expect(await hub()).toMatchObject({ state: "closed" });
});
