#!/bin/sh
# An error that a breaker is set to ignore closes its half-open circuit
#
# Versions: cockatiel 4.0.0, opossum 10.0.0, pybreaker 1.4.1, aiobreaker 1.2.0; effect 4.1.0 does what the guess expects
# Guess: an error that the filter ignores, such as an abort by the caller or a 404, proves nothing about the
#   upstream. A half-open circuit stays half-open and admits another probe.
# Seen: Effect behaves as guessed. In all others, such an error counts as a successful probe and closes the
#   circuit. So a caller who gives up during an outage lets all traffic through again. In pybreaker and
#   aiobreaker the error also resets the number of consecutive failures. When every third call is ignored, a
#   threshold of 3 is never reached.
# Output:
#   cockatiel: Open, after the error that is set aside: Closed; each third call set aside: Open
#   opossum: open, after the error that is set aside: closed
#   effect: Open, after the error that is set aside: HalfOpen
#   pybreaker: open, after the error that is set aside: closed; each third call set aside: closed
#   aiobreaker: OPEN, after the error that is set aside: CLOSED; each third call set aside: CLOSED
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cockatiel@4.0.0 opossum@10.0.0 effect@4.1.0 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check pybreaker==1.4.1 aiobreaker==1.2.0

cat >main.py <<'PY'
import datetime, time
import aiobreaker, pybreaker

class SetAside(Exception):
    pass

def run(breaker, errors):
    for error in errors:
        def operation():
            raise error()
        try:
            breaker.call(operation)
        except Exception:
            pass

def show(breaker):
    return getattr(breaker.current_state, "name", breaker.current_state)

def tell(name, make):
    breaker = make(2, 0.05)
    run(breaker, [OSError, OSError])
    before = show(breaker)
    time.sleep(0.2)
    run(breaker, [SetAside])
    third = make(3, 60)
    run(third, [OSError, OSError, SetAside] * 5)
    print(f"{name}: {before}, after the error that is set aside: {show(breaker)}; each third call set aside: {show(third)}")

tell("pybreaker", lambda most, seconds: pybreaker.CircuitBreaker(most, seconds, exclude=[SetAside]))
tell("aiobreaker", lambda most, seconds: aiobreaker.CircuitBreaker(most, datetime.timedelta(seconds=seconds), exclude=[SetAside]))
PY

cat >main.mjs <<'JS'
import { execFileSync } from "node:child_process";
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
  const after = cockatiel.CircuitState[policy.state];
  const third = cockatiel.circuitBreaker(cockatiel.handleWhen((error) => !(error instanceof SetAside)), {
    halfOpenAfter: 60_000,
    breaker: new cockatiel.ConsecutiveBreaker(3),
  });
  for (let call = 1; call <= 15; call += 1) {
    await third.execute(call % 3 === 0 ? leave : fail).catch(() => {});
  }
  const thirds = cockatiel.CircuitState[third.state];
  lines.push(`cockatiel: ${before}, after the error that is set aside: ${after}; each third call set aside: ${thirds}`);
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

const python = execFileSync("venv/bin/python", ["main.py"], { encoding: "utf8" });
lines.push(...python.trim().split("\n"));
console.log(lines.join("\n"));
const expected = [
  /^cockatiel: Open.*: Closed; .*: Open$/,
  /^opossum: open.*: closed$/,
  /^effect: Open.*: HalfOpen$/,
  /^pybreaker: open.*: closed; .*: closed$/,
  /^aiobreaker: OPEN.*: CLOSED; .*: CLOSED$/,
];
process.exit(expected.every((form, index) => form.test(lines[index])) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
