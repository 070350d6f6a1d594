// Tests images in a lock file of Dagger. An engine that already has such an image asks no registry.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GraphQLRequest, SessionResponse } from "../../src/attribution/failure.js";
import type { Evidence } from "../../src/attribution/spans/evidence.js";
import { isCircuitBreakerOpenError } from "../../src/breaker/errors.js";
import { MemoryDigests } from "../../src/guard/digests/known-digests.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import type { RequestTrace } from "../../src/guard/judgement/request-trace.js";
import type { LockedEvent } from "../../src/guard/locks/lock-file.js";
import { SessionState } from "../../src/guard/session-state.js";
import { createRegistry } from "../../src/registry/registry.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { sendIn } from "./one-session.js";
import { DIGEST, failing, from, json, pullFailed, stateOf, WORKED } from "./scene.js";

const HUB = "registry:docker.io";
const REFERENCE = "docker.io/library/alpine:3";
const DOWN = failing(pullFailed("library/alpine:3", "503 Service Unavailable"));
const RESOLVED = '{ container { from(address: "alpine:3") { id } } }';

let repository = "";
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), "dagger-lock-"));
  mkdirSync(join(repository, ".git"));
  mkdirSync(join(repository, "ci", "build"), { recursive: true });
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

const entry = (address: string, platform = "linux/amd64") =>
  `${JSON.stringify(["", "container.from", [address, platform], DIGEST, "pin"])}\n`;
const lock = (...addresses: string[]) =>
  `[["version","1"]]\n${addresses.map((one) => entry(one)).join("")}`;
const writeLock = (text: string, name = "dagger.lock") =>
  writeFileSync(join(repository, name), text);

/** Creates a guarded session in a folder of a repository. Its engine answers with the given version. */
function setUp({
  version = "v1.0.0-beta.10",
  ...options
}: GuardOptions & { readonly version?: string } = {}) {
  const clock = new VirtualClock();
  const registry = options.registry ?? createRegistry({ defaults: { clock } });
  const guard = new Guard({ ...options, registry });
  const sent: string[] = [];
  let session: GuardedSession;
  const newSession = () => {
    const state = new SessionState(undefined, join(repository, "ci", "build"));
    session = new GuardedSession(guard, state);
  };
  newSession();
  return {
    clock,
    registry,
    sent,
    newSession,
    async send(query: string, answer: SessionResponse = WORKED, trace?: RequestTrace) {
      const exchange = async (request: GraphQLRequest) => {
        if (request.query === "{ version }") return json({ data: { version } });
        sent.push(request.query);
        return answer;
      };
      try {
        await sendIn(session, { query }, exchange, { trace: trace });
        return "sent";
      } catch (error) {
        if (isCircuitBreakerOpenError(error)) return "rejected";
        throw error;
      }
    },
  };
}

/** Opens the circuit of Docker Hub, through failed pulls of images that no lock file names. */
async function outage({ clock, registry, send }: ReturnType<typeof setUp>) {
  for (let second = 0; second < 10; second += 1) {
    const image = `acme/app:${second}`;
    await send(from(image), failing(pullFailed(image, "503 Service Unavailable")));
    clock.advance(1000);
  }
  expect(stateOf(registry, HUB)).toBe("open");
}

function saw(...exchanges: Partial<Evidence>[]): RequestTrace {
  const whole = exchanges.map((one) => ({
    kind: "registry" as const,
    host: "registry-1.docker.io",
    servesHost: "docker.io",
    outcome: "answered" as const,
    status: 200,
    at: 0,
    durationMs: 5,
    forgeable: false,
    requestId: "b7ad6b7169203331",
    ...one,
  }));
  return { dropped: () => {}, end: () => {}, exchanges: async () => whole };
}

const UPSTREAM = { trip: { badSeconds: 5, windowMs: 60_000 }, openTimeGrowthFactor: 2 } as const;
const breakerOf = ({ registry }: ReturnType<typeof setUp>) => registry.get(HUB, UPSTREAM);
const successes = (scene: ReturnType<typeof setUp>) =>
  breakerOf(scene).getMetrics().metrics.successCount;

test("admits an engine with a locked image in an outage, which proves nothing", async () => {
  writeLock(lock("alpine:3"));
  const scene = setUp();
  await outage(scene);
  for (let pull = 0; pull < 20; pull += 1) {
    scene.newSession();
    expect(await scene.send(from("alpine:3"), WORKED, pull % 2 === 0 ? saw() : undefined)).toBe(
      "sent",
    );
  }
  expect(await scene.send(from("alpine:4"))).toBe("rejected");
  scene.clock.advance(120_000);
  await scene.send(from("alpine:3"));
  expect(stateOf(scene.registry, HUB)).toBe("open");
  expect(successes(scene)).toBe(0);
});

test("an engine without the image fails once, and is gated until it has used it", async () => {
  writeLock(lock("alpine:3"));
  const scene = setUp();
  await outage(scene);
  expect(await scene.send(from("alpine:3"), DOWN)).toBe("sent");
  scene.newSession();
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
  scene.clock.advance(120_000);
  expect(await scene.send(from("alpine:3"), WORKED, saw({}))).toBe("sent");
  expect(stateOf(scene.registry, HUB)).toBe("closed");
  await outage(scene);
  scene.newSession();
  expect(await scene.send(from("alpine:3"))).toBe("sent");
});

test("an exchange for a locked image that is not used yet gates it too", async () => {
  writeLock(lock("alpine:3"));
  const scene = setUp();
  await scene.send(
    RESOLVED,
    json({ data: { container: { from: { id: "core.Container:1" } } } }),
    saw({}),
  );
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
});

test("exchanges for another image of the registry gate no locked one", async () => {
  writeLock(lock("alpine:3"));
  const scene = setUp();
  await outage(scene);
  scene.clock.advance(120_000);
  const both = `{ a: ${from("alpine:3").slice(2, -2)} b: ${from("busybox").slice(2, -2)} }`;
  expect(await scene.send(both, DOWN)).toBe("sent");
  expect(stateOf(scene.registry, HUB)).toBe("open");
  expect(await scene.send(from("alpine:3"))).toBe("sent");
});

test("on an engine that reads locks no tag proves a registry, unless spans do", async () => {
  const scene = setUp();
  await outage(scene);
  scene.clock.advance(120_000);
  await scene.send(from("alpine:3"));
  expect(stateOf(scene.registry, HUB)).toBe("half-open");
  await scene.send(from("alpine:4"), WORKED, saw({}));
  expect(stateOf(scene.registry, HUB)).toBe("closed");
});

test.each(["v0.21.8", "v1.0.0-beta.9"])(
  "%s asks for every tag, whatever dagger.lock contains",
  async (version) => {
    writeLock(lock("alpine:3"));
    const scene = setUp({ version });
    await scene.send("{ version }", json({ data: { version } }));
    await outage(scene);
    expect(await scene.send(from("alpine:3"))).toBe("rejected");
    scene.clock.advance(120_000);
    await scene.send(from("alpine:3"));
    expect(stateOf(scene.registry, HUB)).toBe("closed");
  },
);

test("the lock file that engines before 1.0 were asked to write applies to them", async () => {
  mkdirSync(join(repository, ".dagger"));
  writeLock(lock("alpine:3"), ".dagger/lock");
  const scene = setUp({ version: "v0.21.8" });
  await scene.send("{ version }", json({ data: { version: "v0.21.8" } }));
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("sent");
});

test("reads a changed lock file again, and an invalid one locks nothing", async () => {
  const scene = setUp();
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
  writeLock(lock("alpine:2"));
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
  appendFileSync(join(repository, "dagger.lock"), entry("alpine:3"));
  expect(await scene.send(from("alpine:3"))).toBe("sent");
  appendFileSync(join(repository, "dagger.lock"), ">>>>>>> theirs\n");
  scene.newSession();
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
});

test("gates a platform without a lock, a request that ignores locks, and git", async () => {
  writeLock(
    `${lock("alpine:3")}["","git.ref",["https://github.com/acme/ok","main"],"0123","pin"]\n`,
  );
  const scene = setUp();
  await outage(scene);
  const arm = from("alpine:3").replace("container", 'container(platform: "linux/arm64")');
  expect(await scene.send(arm)).toBe("rejected");
  const live = from("alpine:3").replace('alpine:3"', 'alpine:3", noLock: true');
  expect(await scene.send(live)).toBe("rejected");
  scene.registry.getAll().get(HUB)?.reset();
  const git = '{ git(url: "https://github.com/acme/ok") { branch(name: "main") { commit } } }';
  await scene.send(
    git,
    failing('unexpected requesting "https://github.com/acme/ok/info/refs" status code: 503'),
  );
  scene.registry.getAll().get("git:github.com")?.isolate("down");
  expect(await scene.send(git)).toBe("rejected");
});

test("ignores a lock file above the repository", async () => {
  writeLock(lock("alpine:3"));
  mkdirSync(join(repository, "ci", ".git"));
  const scene = setUp();
  await outage(scene);
  expect(await scene.send(from("alpine:3"))).toBe("rejected");
});

test("neither pins a locked image nor asks a mirror for it; one that must be asked for goes by digest", async () => {
  writeLock(lock("alpine:3"));
  const store = new MemoryDigests();
  store.remember(REFERENCE, "", `sha256:${"ab".repeat(32)}`);
  const mirrors = { "docker.io": ["mirror.example/hub"] };
  const scene = setUp({ pin: { maxAgeMs: 3_600_000, store }, mirrors });
  breakerOf(scene).isolate("down");
  await scene.send(from("alpine:3"), DOWN);
  expect(scene.sent).toEqual([from("alpine:3")]);
  await scene.send(from("alpine:3"));
  expect(scene.sent[1]).toBe(from(`mirror.example/hub/library/alpine:3@${DIGEST}`));
});

test("reports each locked image, and a listener that throws affects no request", async () => {
  writeLock(lock("alpine:3"));
  const told: LockedEvent[] = [];
  const onLocked = (event: LockedEvent) => {
    told.push(event);
    throw new Error("of the user");
  };
  const { send } = setUp({ onLocked });
  expect(await send(from("alpine:3"))).toBe("sent");
  await send(from("busybox"));
  const path = join(repository, "dagger.lock");
  expect(told).toEqual([{ reference: REFERENCE, platform: "", digest: DIGEST, path }]);
});

describe("on an engine that reads locks, without traces", () => {
  test("a circuit closes by an image that failed in the outage and works again", async () => {
    const scene = setUp();
    await outage(scene);
    scene.clock.advance(120_000);
    const image = "acme/app:3";
    // This image has never failed. Its digest may come from a lock file that the guard does not see, so its
    // success does not close the circuit.
    await scene.send(from("alpine:3"));
    expect(stateOf(scene.registry, HUB)).toBe("half-open");
    scene.newSession();
    await scene.send(from(image));
    expect(stateOf(scene.registry, HUB)).toBe("closed");
    expect(successes(scene)).toBe(1);
  });

  test("a locked image that failed in the outage closes it too, once it is used and not only resolved", async () => {
    writeLock(lock("alpine:3"));
    const scene = setUp();
    await outage(scene);
    expect(await scene.send(from("alpine:3"), DOWN)).toBe("sent");
    scene.clock.advance(120_000);
    await scene.send(RESOLVED, json({ data: { container: { from: { id: "core.Container:1" } } } }));
    expect(stateOf(scene.registry, HUB)).toBe("half-open");
    await scene.send(from("alpine:3"));
    expect(stateOf(scene.registry, HUB)).toBe("closed");
  });

  test("a failed probe makes its image the one that closes the circuit", async () => {
    const scene = setUp();
    await outage(scene);
    scene.clock.advance(120_000);
    await scene.send(from("alpine:3"), DOWN);
    expect(stateOf(scene.registry, HUB)).toBe("open");
    scene.clock.advance(600_000);
    scene.newSession();
    await scene.send(from("alpine:3"));
    expect(stateOf(scene.registry, HUB)).toBe("closed");
  });

  test("an image that failed long before the outage proves nothing in it", async () => {
    const scene = setUp();
    await scene.send(from("alpine:3"), DOWN);
    scene.clock.advance(3_600_000);
    await outage(scene);
    scene.clock.advance(120_000);
    await scene.send(from("alpine:3"));
    expect(stateOf(scene.registry, HUB)).toBe("half-open");
  });

  test("neither does one that failed in an earlier outage", async () => {
    const scene = setUp();
    await outage(scene);
    scene.clock.advance(120_000);
    await scene.send(from("acme/app:3"));
    expect(stateOf(scene.registry, HUB)).toBe("closed");
    breakerOf(scene).record("failure", {
      generation: breakerOf(scene).getMetrics().generation,
      openNow: true,
    });
    scene.clock.advance(600_000);
    scene.newSession();
    for (const image of ["acme/app:3", "acme/app:4"]) await scene.send(from(image));
    expect(stateOf(scene.registry, HUB)).toBe("half-open");
  });

  test("of several images in a failed request, none is known to have failed", async () => {
    const scene = setUp();
    const both = `{ a: ${from("alpine:3").slice(2, -2)} b: ${from("busybox:1").slice(2, -2)} }`;
    await outage(scene);
    scene.clock.advance(120_000);
    await scene.send(both, DOWN);
    scene.clock.advance(600_000);
    for (const image of ["alpine:3", "busybox:1"]) {
      scene.newSession();
      await scene.send(from(image));
    }
    expect(stateOf(scene.registry, HUB)).toBe("half-open");
  });

  test("one image that always fails opens no circuit while others are pulled", async () => {
    const scene = setUp();
    for (let second = 0; second < 20; second += 1) {
      scene.newSession();
      await scene.send(from("acme/broken:1"), failing(pullFailed("acme/broken:1", "500 Oops")));
      for (const image of ["alpine:3", "busybox:1"]) await scene.send(from(image));
      scene.clock.advance(1000);
    }
    expect(stateOf(scene.registry, HUB)).toBe("closed");
  });
});
