// Tests that images are pulled by the known digests of their tags.
import { afterEach, expect, test, vi } from "vitest";
import type { GraphQLRequest, SessionResponse } from "../../src/attribution/failure.js";
import { isCircuitBreakerOpenError } from "../../src/breaker/errors.js";
import { MemoryDigests } from "../../src/guard/digests/known-digests.js";
import { Guard } from "../../src/guard/guard.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import { type PinnedEvent, pinnedImageCount } from "../../src/guard/rewrite/pinning.js";
import { SessionState } from "../../src/guard/session-state.js";
import { createRegistry } from "../../src/registry/registry.js";
import { sendIn } from "./one-session.js";
import { DIGEST, failing, from, json, pullFailed, WORKED } from "./scene.js";

const HOUR_MS = 3_600_000;
const OTHER = `sha256:${"ab".repeat(32)}`;

afterEach(() => void vi.useRealTimers());

/** Creates an engine that has the same digest for every tag, and a guard that pins images. */
function setUp(onUse?: (event: PinnedEvent) => unknown) {
  vi.useFakeTimers({ toFake: ["Date"] });
  const store = new MemoryDigests();
  const registry = createRegistry();
  const guard = new Guard({ registry, pin: { maxAgeMs: HOUR_MS, store, onUse } });
  const sent: string[] = [];
  const engine = { digest: DIGEST, answer: WORKED as SessionResponse };
  let state = new SessionState();
  const exchange = async ({ query }: GraphQLRequest) => {
    sent.push(query);
    if (!query.includes("imageRef")) return engine.answer;
    const imageRef = `docker.io/other/name@${engine.digest}`;
    return json({ data: { container: { from: { imageRef } } } });
  };
  return {
    store,
    registry,
    sent,
    engine,
    newSession: () => {
      state = new SessionState();
    },
    async run(query: string) {
      const session = new GuardedSession(guard, state);
      const answer = await sendIn(session, { query }, exchange).catch((error) => error);
      await state.answered();
      return isCircuitBreakerOpenError(answer) ? "rejected" : "sent";
    },
  };
}

test("learns a tag after its first use, and takes it by digest from then on", async () => {
  const { run, sent, store, newSession } = setUp();
  await run(from("alpine:3"));
  expect(sent).toEqual([
    from("alpine:3"),
    '{ container { from(address: "alpine:3") { imageRef } } }',
  ]);
  const reference = "docker.io/library/alpine:3";
  expect(store.find(reference, "")).toMatchObject({ digest: DIGEST, proven: false });
  newSession();
  await run(from("alpine:3"));
  expect(sent.slice(2)).toEqual([from(`${reference}@${DIGEST}`)]);
  expect(store.find(reference, "")).toMatchObject({ proven: true });
});

test("asks for the address and the platform as written, once a session", async () => {
  const { run, sent, store } = setUp();
  const query = `{ container(platform: "linux/arm64") { from(address: "alpine") { file(path: "/a") { contents } } } }`;
  await run(query);
  await run(query.replace('"/a"', '"/b"'));
  expect(sent.filter((one) => one.includes("imageRef"))).toEqual([
    '{ container(platform: "linux/arm64") { from(address: "alpine") { imageRef } } }',
  ]);
  expect(store.find("docker.io/library/alpine", "linux/arm64")).toBeDefined();
  expect(store.find("docker.io/library/alpine", "")).toBeUndefined();
});

test("gates an image that we pinned until it was used by digest", async () => {
  const { run, store, registry } = setUp();
  store.remember("docker.io/library/alpine:3", "", DIGEST);
  registry
    .get("registry:docker.io", {
      trip: { badSeconds: 5, windowMs: 60_000 },
      openTimeGrowthFactor: 2,
    })
    .isolate("down");
  expect(await run(from("alpine:3"))).toBe("rejected");
  store.prove("docker.io/library/alpine:3", "", DIGEST);
  expect(await run(from("alpine:3"))).toBe("sent");
  // An image that the user has pinned needs no admission.
  expect(await run(from(`busybox@${DIGEST}`))).toBe("sent");
});

test("resolving alone proves nothing, but using its contents through an id does", async () => {
  const { run, store, engine } = setUp();
  store.remember("docker.io/library/alpine:3", "", DIGEST);
  engine.answer = json({ data: { container: { from: { id: "core.Container:1" } } } });
  await run('{ container { from(address: "alpine:3") { id } } }');
  expect(store.find("docker.io/library/alpine:3", "")?.proven).toBe(false);
  engine.answer = WORKED;
  await run('{ node(id: "core.Container:1") { ... on Container { stdout } } }');
  expect(store.find("docker.io/library/alpine:3", "")?.proven).toBe(true);
});

test("drops a digest that is too old, and learns the tag anew", async () => {
  const { run, sent, store, engine } = setUp();
  store.remember("docker.io/library/alpine:3", "", DIGEST);
  vi.setSystemTime(Date.now() + HOUR_MS + 1);
  engine.digest = OTHER;
  await run(from("alpine:3"));
  expect(sent[0]).toBe(from("alpine:3"));
  expect(store.find("docker.io/library/alpine:3", "")).toMatchObject({ digest: OTHER });
});

test.each([
  [
    "publishes",
    '{ container { from(address: "alpine:3") { publish(address: "ghcr.io/a/b:1") } } }',
  ],
  ["names it by a digest", from(`alpine:3@${OTHER}`)],
  [
    "asks for two platforms with different digests",
    '{ a: container(platform: "linux/arm64") { from(address: "alpine:3") { stdout } } b: container { from(address: "alpine:3") { stdout } } }',
  ],
])("leaves a request that %s unchanged", async (_what, query) => {
  const { run, sent, store } = setUp();
  store.remember("docker.io/library/alpine:3", "", DIGEST);
  store.remember("docker.io/library/alpine:3", "linux/arm64", OTHER);
  await run(query);
  expect(sent[0]).toBe(query);
});

test("learns nothing from a failed request, or from an answer without a digest", async () => {
  const { run, sent, store, engine } = setUp();
  engine.answer = failing(pullFailed("library/alpine:3", "503 Service Unavailable"));
  await run(from("alpine:3"));
  expect(sent).toHaveLength(1);
  engine.answer = WORKED;
  engine.digest = "sha256:short";
  await run(from("alpine:3"));
  expect(store.find("docker.io/library/alpine:3", "")).toBeUndefined();
});

test("reports a use by an event each time, a warning once, and a metric", async () => {
  const events: PinnedEvent[] = [];
  const { run, store, registry } = setUp((event) => {
    events.push(event);
    throw new Error("the listener fails");
  });
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  store.remember("docker.io/library/loud:3", "", DIGEST);
  await run(from("loud:3"));
  await run(from("loud:3"));
  const event = { reference: "docker.io/library/loud:3", platform: "", digest: DIGEST, ageMs: 0 };
  expect(events).toEqual([event, event]);
  expect(warn.mock.calls.filter(([text]) => String(text).includes("loud:3"))).toHaveLength(1);
  warn.mockRestore();
  expect(pinnedImageCount(registry.getAll().get("registry:docker.io") as never)).toBe(2);
});

test("a question that fails or hangs affects no request", async () => {
  vi.useFakeTimers();
  const registry = createRegistry();
  const store = new MemoryDigests();
  const state = new SessionState();
  const guard = new Guard({ registry, pin: { maxAgeMs: HOUR_MS, store } });
  const session = new GuardedSession(guard, state);
  await sendIn(session, { query: from("alpine:3") }, ({ query }, signal) =>
    query.includes("imageRef")
      ? new Promise<never>((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
        })
      : Promise.resolve(WORKED),
  );
  const answered = state.answered();
  await vi.advanceTimersByTimeAsync(2000);
  await answered;
  expect(registry.getAll().get("engine")?.getMetrics().metrics).toMatchObject({
    successCount: 1,
    failureCount: 0,
  });
});

test.each([
  [{}, 'has no "maxAgeMs"'],
  [{ maxAgeMs: 0 }, '"maxAgeMs" is 0'],
  [{ maxAgeMs: 5, store: {} }, '"store" is an object, expected an object with "find"'],
  [{ maxAgeMs: 5, onUse: 1 }, '"onUse" is 1, expected a function'],
  [{ maxAgeMs: 5, age: 1 }, '"age" is not known'],
  [true, "is true"],
])("rejects wrong options by name: %j", (pin, message) => {
  expect(() => new Guard({ pin: pin as never })).toThrow(message);
});
