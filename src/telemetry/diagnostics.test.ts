import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
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
