#!/bin/sh
# A probe that never settles keeps a half-open circuit from admitting another probe
#
# Versions: cockatiel 4.0.0, opossum 10.0.0, effect 4.1.0
# Guess: after another reset timeout, the next call may be a probe.
# Seen: opossum and Effect reject every call while the first probe is pending. cockatiel makes every further
#   call wait for that probe. One request without an answer is enough, because these breakers set no timeout
#   themselves. Only opossum sets one by default: `timeout` is 10 s.
# Output:
#   cockatiel, 10 reset timeouts later: waits
#   opossum, 10 reset timeouts later: Breaker is open
#   effect, 10 reset timeouts later: CircuitHalfOpen
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

const pause = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const fail = async () => {
  throw new Error("down");
};
const never = () => new Promise(() => {});
const works = async () => "works";
const lines = [];

{
  const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 50,
    breaker: new cockatiel.ConsecutiveBreaker(2),
  });
  for (let call = 0; call < 2; call += 1) await policy.execute(fail).catch(() => {});
  await pause(100);
  policy.execute(never).catch(() => {});
  await pause(500);
  const next = policy.execute(works).catch((error) => error.message);
  lines.push(`cockatiel, 10 reset timeouts later: ${await Promise.race([next, pause(1000, "waits")])}`);
}
{
  let operation = fail;
  const breaker = new Opossum(() => operation(), { timeout: false, resetTimeout: 50, volumeThreshold: 2 });
  for (let call = 0; call < 2; call += 1) await breaker.fire().catch(() => {});
  while (!breaker.halfOpen) await pause(10);
  operation = never;
  breaker.fire().catch(() => {});
  await pause(500);
  operation = works;
  lines.push(`opossum, 10 reset timeouts later: ${await breaker.fire().catch((error) => error.message)}`);
  breaker.shutdown();
}
await Effect.runPromise(
  Effect.gen(function* () {
    const breaker = yield* CircuitBreaker.make({
      tripPolicy: CircuitBreaker.consecutive(2),
      openDuration: "50 millis",
    });
    const run = breaker.execute({ key: "k" });
    for (let call = 0; call < 2; call += 1) yield* Effect.exit(run(Effect.fail(new Data.Error())));
    yield* Effect.sleep("100 millis");
    yield* Effect.forkChild(run(Effect.never));
    yield* Effect.sleep("500 millis");
    const next = yield* Effect.match(run(Effect.succeed("works")), {
      onFailure: (error) => error.reason?._tag,
      onSuccess: (value) => value,
    });
    lines.push(`effect, 10 reset timeouts later: ${next}`);
  }).pipe(Effect.scoped, Effect.provide(CircuitBreaker.layerStoreMemory())),
);

console.log(lines.join("\n"));
process.exit(/waits\n.*Breaker is open\n.*CircuitHalfOpen$/.test(lines.join("\n")) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
