// Tests probes whose requests have ended, but whose spans have not arrived yet.
import { expect, test, vi } from "vitest";
import type { Evidence } from "../../src/attribution/spans/evidence.js";
import { Guard } from "../../src/guard/guard.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import type { RequestTrace } from "../../src/guard/judgement/request-trace.js";
import { sendIn } from "./one-session.js";
import { countsOf, failing, from, outage, pullFailed, setUp, stateOf, WORKED } from "./scene.js";

const HUB = "registry:docker.io";
const ANSWERED: Evidence = {
  kind: "registry",
  host: "registry-1.docker.io",
  servesHost: "registry-1.docker.io",
  outcome: "answered",
  status: 200,
  at: 0,
  durationMs: 5,
  forgeable: false,
  requestId: "b7ad6b7169203331",
};

/** Returns a request trace whose exchanges the test delivers later. */
function later() {
  let tell = (_evidence: Evidence[] | undefined) => {};
  let fail = () => {};
  const heard = new Promise<Evidence[] | undefined>((resolve, reject) => {
    tell = resolve;
    fail = () => reject(new Error("a trace must not reject"));
  });
  const trace: RequestTrace = { dropped: () => {}, end: () => {}, exchanges: () => heard };
  return { trace, tell, fail };
}

async function halfOpen() {
  const scene = setUp();
  await outage(scene);
  scene.clock.advance(120_000);
  return scene;
}

const inFlight = (registry: ReturnType<typeof setUp>["registry"]) =>
  registry.getAll().get(HUB)?.getMetrics().inFlightCount;

test("the next pull waits for the judgement of a probe that is over, and goes through", async () => {
  const { send, registry } = await halfOpen();
  const { rejectedCount } = countsOf(registry, HUB) ?? {};
  const { trace, tell } = later();
  expect(await send(from("alpine:3"), WORKED, trace)).toBe("sent");
  const next = [send(from("alpine:4")), send(from("alpine:5"))];
  expect(stateOf(registry, HUB)).toBe("half-open");
  tell([ANSWERED]);
  expect(await Promise.all(next)).toEqual(["sent", "sent"]);
  expect(stateOf(registry, HUB)).toBe("closed");
  expect(countsOf(registry, HUB)).toMatchObject({ rejectedCount });
  expect(inFlight(registry)).toBe(0);
});

test("a failed probe rejects requests that waited for it", async () => {
  const { send, registry } = await halfOpen();
  const { trace, tell } = later();
  const answer = failing(pullFailed("alpine:3", "503 Service Unavailable"));
  expect(await send(from("alpine:3"), answer, trace)).toBe("sent");
  const next = send(from("alpine:4"));
  tell([]);
  expect(await next).toBe("rejected");
  expect(stateOf(registry, HUB)).toBe("open");
  expect(inFlight(registry)).toBe(0);
});

test("of those that waited for a probe that proved nothing, one is the next probe", async () => {
  const { send, registry } = await halfOpen();
  const first = later();
  const second = later();
  expect(await send(from("alpine:3"), WORKED, first.trace)).toBe("sent");
  const next = [send(from("alpine:4"), WORKED, second.trace), send(from("alpine:5"))];
  first.tell([]);
  expect(await Promise.all(next)).toEqual(["sent", "rejected"]);
  second.tell([ANSWERED]);
  await vi.waitFor(() => expect(stateOf(registry, HUB)).toBe("closed"));
  expect(inFlight(registry)).toBe(0);
});

test("no request waits for spans while the probe itself is in flight", async () => {
  const { registry, clock } = await halfOpen();
  const guard = new Guard({ registry });
  const session = new GuardedSession(guard);
  let answer = () => {};
  const probe = sendIn(session, { query: from("alpine:3") }, async ({ query }) =>
    query === "{ version }"
      ? WORKED
      : new Promise<typeof WORKED>((resolve) => (answer = () => resolve(WORKED))),
  );
  await vi.waitFor(() => expect(inFlight(registry)).toBe(1));
  clock.advance(1);
  await expect(sendIn(session, { query: from("alpine:4") }, async () => WORKED)).rejects.toThrow(
    "all probes are taken",
  );
  answer();
  await probe;
  await vi.waitFor(() => expect(inFlight(registry)).toBe(0));
});

test("an abort ends the wait for a judgement", async () => {
  const { registry, send } = await halfOpen();
  const { trace, tell } = later();
  await send(from("alpine:3"), WORKED, trace);
  const controller = new AbortController();
  const guard = new Guard({ registry, signal: controller.signal });
  const sent = vi.fn(async () => WORKED);
  const waiting = sendIn(new GuardedSession(guard), { query: from("alpine:4") }, sent);
  await Promise.resolve();
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow();
  expect(sent).not.toHaveBeenCalled();
  tell(undefined);
  await vi.waitFor(() => expect(inFlight(registry)).toBe(0));
});

test("a failing request trace counts as missing: no permit is kept", async () => {
  const { send, registry } = await halfOpen();
  const { trace, fail } = later();
  await send(from("alpine:3"), WORKED, trace);
  expect(inFlight(registry)).toBe(1);
  fail();
  await vi.waitFor(() => expect(inFlight(registry)).toBe(0));
  expect(stateOf(registry, HUB)).toBe("closed");
});
