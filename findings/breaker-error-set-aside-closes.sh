#!/bin/sh
# An error that a breaker is told to set aside closes its half-open circuit
#
# Versions: cockatiel 4.0.0, opossum 10.0.0, effect 4.1.0 (which does what the guess expects)
# Guess: an error that the filter sets aside, such as an abort by the caller or a 404, says nothing of the
#   upstream; a half-open circuit stays half-open and lets another call probe.
# Seen: in cockatiel and opossum such an error counts as a success of the probe and closes the circuit, so
#   a caller who gives up during an outage lets all traffic through again. Effect gives the place back.
# Output:
#   cockatiel: Open, after the error that is set aside: Closed
#   opossum: open, after the error that is set aside: closed
#   effect: Open, after the error that is set aside: HalfOpen
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cockatiel@4.0.0 opossum@10.0.0 effect@4.1.0 node@24.21.0

cat >main.mjs <<'JS'
import * as cockatiel from "cockatiel";
import { Data, Effect } from "effect";
import { CircuitBreaker } from "effect/persistence";
import Opossum from "opossum";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
class SetAside extends Data.TaggedError("SetAside") {}
const fail = async () => {
  throw new Error("down");
};
const leave = async () => {
  throw new SetAside();
};
const lines = [];

{
  const policy = cockatiel.circuitBreaker(cockatiel.handleWhen((error) => !(error instanceof SetAside)), {
    halfOpenAfter: 30,
    breaker: new cockatiel.ConsecutiveBreaker(2),
  });
  for (let call = 0; call < 2; call += 1) await policy.execute(fail).catch(() => {});
  const before = cockatiel.CircuitState[policy.state];
  await pause(100);
  await policy.execute(leave).catch(() => {});
  lines.push(`cockatiel: ${before}, after the error that is set aside: ${cockatiel.CircuitState[policy.state]}`);
}
{
  let operation = fail;
  const breaker = new Opossum(() => operation(), {
    timeout: false,
    resetTimeout: 30,
    volumeThreshold: 2,
    errorFilter: (error) => error instanceof SetAside,
  });
  const state = () => (breaker.opened ? "open" : breaker.halfOpen ? "half-open" : "closed");
  for (let call = 0; call < 2; call += 1) await breaker.fire().catch(() => {});
  const before = state();
  while (!breaker.halfOpen) await pause(10);
  operation = leave;
  await breaker.fire().catch(() => {});
  lines.push(`opossum: ${before}, after the error that is set aside: ${state()}`);
  breaker.shutdown();
}
await Effect.runPromise(
  Effect.gen(function* () {
    const breaker = yield* CircuitBreaker.make({
      tripPolicy: CircuitBreaker.consecutive(2),
      openDuration: "30 millis",
    });
    const state = () => Effect.map(breaker.state("k"), ({ _tag }) => _tag);
    const down = Effect.fail(new Data.Error()).pipe(breaker.execute({ key: "k" }));
    for (let call = 0; call < 2; call += 1) yield* Effect.exit(down);
    const before = yield* state();
    yield* Effect.sleep("100 millis");
    const left = Effect.fail(new SetAside());
    yield* Effect.exit(left.pipe(breaker.execute({ key: "k", classify: () => "Ignored" })));
    lines.push(`effect: ${before}, after the error that is set aside: ${yield* state()}`);
  }).pipe(Effect.scoped, Effect.provide(CircuitBreaker.layerStoreMemory())),
);

console.log(lines.join("\n"));
const expected = [/^cockatiel: Open.*Closed$/, /^opossum: open.*closed$/, /^effect: Open.*HalfOpen$/];
process.exit(expected.every((form, index) => form.test(lines[index])) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
