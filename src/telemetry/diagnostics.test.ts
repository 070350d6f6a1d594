import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { createFleet } from "../fleet/client/fleet.js";
import { memoryStore } from "../fleet/memory/memory-store.js";
import { FleetStoreError } from "../fleet/store-error.js";
import { DIAGNOSTICS_CHANNELS, publishDiagnostics } from "./diagnostics.js";

function heard(name: string): unknown[] {
  const messages: unknown[] = [];
  const listener = (message: unknown) => messages.push(message);
  subscribe(name, listener);
  onTestFinished(() => void unsubscribe(name, listener));
  return messages;
}

test("transitions, rejections and outcomes are published on their channels", () => {
  const transitions = heard("dagger-circuit-breaker:transition");
  const rejections = heard("dagger-circuit-breaker:rejected");
  const outcomes = heard("dagger-circuit-breaker:outcome");
  const breaker = new CircuitBreaker({ name: "api", failureThreshold: 1 });
  publishDiagnostics(breaker);
  breaker.acquire().success();
  breaker.acquire().failure(new Error("down"));
  breaker.tryAcquire();
  expect(transitions).toMatchObject([{ breakerName: "api", from: "closed", to: "open" }]);
  expect(rejections).toMatchObject([{ breakerName: "api", error: { reason: "open" } }]);
  expect(outcomes).toMatchObject([{ outcome: "success" }, { outcome: "failure" }]);
});

test("nothing is published after stop", () => {
  const transitions = heard(DIAGNOSTICS_CHANNELS.transition);
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  publishDiagnostics(breaker)();
  breaker.acquire().failure();
  expect(transitions).toEqual([]);
});

test("changes and rejections of a fleet, and its store, are published on channels of their own", async () => {
  const changes = heard("dagger-circuit-breaker:shared-change");
  const rejections = heard("dagger-circuit-breaker:shared-rejected");
  const downs = heard("dagger-circuit-breaker:store-down");
  const ups = heard("dagger-circuit-breaker:store-up");
  const store = memoryStore();
  let fails = false;
  const fleet = createFleet({
    scope: "egress",
    store: Object.assign(Object.create(store), {
      run: (...given: Parameters<typeof store.run>) =>
        fails ? Promise.reject(new FleetStoreError("gone")) : store.run(...given),
    }),
  });
  onTestFinished(() => fleet.close());
  const breaker = new CircuitBreaker({ name: "api", trip: { badSeconds: 5, windowMs: 60_000 } });
  const shared = fleet.share(breaker);
  const stop = publishDiagnostics(fleet);
  await shared.refresh();
  await fleet.isolate("api", { reason: "maintenance", expiresInMs: 60_000 });
  await shared.tryAcquire();
  fails = true;
  for (let times = 0; times < 3; times += 1) await shared.refresh();
  fails = false;
  await expect
    .poll(
      async () => {
        await shared.refresh();
        return ups;
      },
      { timeout: 60_000 },
    )
    .toMatchObject([{ store: "memory" }]);
  expect(changes).toMatchObject([{ scope: "egress", name: "api", change: { reason: "isolate" } }]);
  expect(rejections).toMatchObject([{ breakerName: "api", error: { reason: "isolated" } }]);
  expect(downs).toMatchObject([{ store: "memory", reason: "gone" }]);
  stop();
  await fleet.release("api");
  expect(changes).toHaveLength(1);
});
