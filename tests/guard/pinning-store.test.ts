// Tests known digests in stores of the user, for several platforms, and together with mirrors.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { GraphQLRequest } from "../../src/attribution/failure.js";
import { isCircuitBreakerOpenError } from "../../src/breaker/errors.js";
import { type DigestStore, MemoryDigests } from "../../src/guard/digests/known-digests.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import { SessionState } from "../../src/guard/session-state.js";
import { createRegistry } from "../../src/registry/registry.js";
import { sendIn } from "./one-session.js";
import { DIGEST, from, json, WORKED } from "./scene.js";

const HOUR_MS = 3_600_000;
const TAG = "docker.io/library/alpine:3";
const known = {
  reference: TAG,
  platform: "",
  digest: DIGEST,
  learntAtMs: Date.now(),
  proven: true,
};

beforeEach(() => void vi.spyOn(process, "emitWarning").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

function setUp(store: DigestStore, options: GuardOptions = {}) {
  const registry = createRegistry();
  const guard = new Guard({ registry, pin: { maxAgeMs: HOUR_MS, store }, ...options });
  const state = new SessionState();
  const sent: string[] = [];
  const exchange = async ({ query }: GraphQLRequest) => {
    sent.push(query);
    const imageRef = `docker.io/library/alpine@${DIGEST}`;
    return query.includes("imageRef")
      ? json({ data: { container: { from: { imageRef } } } })
      : WORKED;
  };
  return {
    registry,
    sent,
    async run(query: string) {
      const answer = await sendIn(new GuardedSession(guard, state), { query }, exchange).catch(
        (error) => error,
      );
      await state.answered();
      if (answer === WORKED) return "sent";
      return isCircuitBreakerOpenError(answer) ? "rejected" : answer;
    },
    inFlight: () =>
      [...registry.getAll().values()].map((breaker) => breaker.getMetrics().inFlightCount),
  };
}

const fails = () => {
  throw new Error("token=hunter2");
};

test.each<[string, Partial<Record<keyof DigestStore, unknown>>]>([
  ["throws at every question", { find: fails, remember: fails, prove: fails }],
  ["gives promises, which reject", { find: () => Promise.reject(new Error("hunter2")) }],
  ["gives a text", { find: () => "alpine" }],
  ["gives nothing of what is wanted", { find: () => ({}) }],
  ["gives null", { find: () => null }],
  [
    "writes GraphQL into a digest",
    { find: () => ({ ...known, digest: `${DIGEST}") { id } x: from(address: "evil:1` }) },
  ],
  ["gives a short digest", { find: () => ({ ...known, digest: "sha256:4fcc" }) }],
  ["has no time", { find: () => ({ ...known, learntAtMs: "now" }) }],
  ["is far ahead of the time", { find: () => ({ ...known, learntAtMs: Date.now() + 1e9 }) }],
])("a store that %s affects no request", async (_what, given) => {
  const store = { find: () => undefined, remember: () => {}, prove: () => {}, ...given };
  const { run, sent, inFlight } = setUp(store as DigestStore);
  expect(await run(from("alpine:3"))).toBe("sent");
  expect(sent[0]).toBe(from("alpine:3"));
  expect(inFlight()).toEqual([0, 0]);
  expect(JSON.stringify(vi.mocked(process.emitWarning).mock.calls)).not.toContain("hunter2");
});

test("a store cannot put another image in the place of a tag", async () => {
  const find = () => ({ ...known, reference: "evil.example.com/x:1", platform: "evil" });
  const { run, sent } = setUp({ find, remember: fails, prove: fails });
  await run(from("alpine:3"));
  expect(sent[0]).toBe(from(`${TAG}@${DIGEST}`));
});

test("an image of two platforms is proven for both, and gated while one is unproven", async () => {
  const store = new MemoryDigests();
  const { run, registry } = setUp(store);
  const on = (platform: string) =>
    `container(platform: "${platform}") { from(address: "alpine:3") { withExec(args: ["true"]) { stdout } } }`;
  const both = `{ a: ${on("linux/amd64")} b: ${on("linux/arm64")} }`;
  store.remember(TAG, "linux/amd64", DIGEST);
  store.remember(TAG, "linux/arm64", DIGEST);
  store.prove(TAG, "linux/arm64", DIGEST);
  const hub = registry.get("registry:docker.io", {
    trip: { badSeconds: 5, windowMs: 60_000 },
    openTimeGrowthFactor: 2,
  });
  hub.isolate("down");
  expect(await run(both)).toBe("rejected");
  hub.release();
  expect(await run(both)).toBe("sent");
  expect(store.find(TAG, "linux/amd64")?.proven).toBe(true);
});

test("asks a mirror for a tag, but not for an image that the engine has by digest", async () => {
  const store = new MemoryDigests();
  const { run, sent, registry } = setUp(store, {
    mirrors: { "docker.io": ["mirror.example/hub"] },
  });
  registry
    .get("registry:docker.io", {
      trip: { badSeconds: 5, windowMs: 60_000 },
      openTimeGrowthFactor: 2,
    })
    .isolate("down");
  store.remember(TAG, "", DIGEST);
  expect(await run(from("alpine:3"))).toBe("sent");
  expect(sent[0]).toBe(from("mirror.example/hub/library/alpine:3"));
  store.prove(TAG, "", DIGEST);
  expect(await run(from("alpine:3"))).toBe("sent");
  expect(sent.at(-1)).toBe(from(`${TAG}@${DIGEST}`));
});
