#!/bin/sh
# In half-open, some circuit breakers let every waiting call through to an upstream that is still down
#
# Versions: circuitbreaker 2.1.3, aiobreaker 1.2.0, purgatory 3.0.1, hyx 0.0.2, github.com/eapache/go-resiliency 1.7.0; cockatiel 4.0.0, opossum 10.0.0, levee 1.5.1, gobreaker 2.4.0 and failsafe-go 0.9.8 do what the guess expects
# Guess: after the reset timeout, one call probes the upstream. Calls beside it wait or are rejected until
#   the probe has ended. All breakers here close after one success, so one probe is enough.
# Seen: the breakers of JavaScript, gobreaker and failsafe-go behave as guessed. In the four of Python and in
#   go-resiliency, the state stays half-open until the first answer, and every call until then reaches the
#   upstream: it gets its full load at once, after each reset timeout. The README of circuitbreaker promises
#   "one test-execution", and aiobreaker documents that "the next call" is allowed.
# Output:
#   cockatiel: 1 of 50 calls reach the upstream
#   opossum: 1 of 50 calls reach the upstream
#   levee: 1 of 50 calls reach the upstream
#   circuitbreaker: 50 of 50 calls reach the upstream
#   aiobreaker: 50 of 50 calls reach the upstream
#   purgatory: 50 of 50 calls reach the upstream
#   hyx: 50 of 50 calls reach the upstream
#   go-resiliency: 50 of 50 calls reach the upstream
#   gobreaker: 1 of 50 calls reach the upstream
#   failsafe-go: 1 of 50 calls reach the upstream
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cockatiel@4.0.0 opossum@10.0.0 levee@1.5.1 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check circuitbreaker==2.1.3 aiobreaker==1.2.0 purgatory==3.0.1 hyx==0.0.2

cat >main.mjs <<'JS'
import { once } from "node:events";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import * as cockatiel from "cockatiel";
import Levee from "levee";
import Opossum from "opossum";

const upstream = new EventTarget();
let calls = 0;
let answer;
const down = async () => {
  calls += 1;
  upstream.dispatchEvent(new Event("call"));
  await answer;
  throw new Error("down");
};

/** Opens the circuit, makes 50 calls after the reset timeout, and lets the upstream fail once all are made. */
async function herd(name, run) {
  calls = 0;
  for (let call = 0; call < 6; call += 1) await run().catch(() => {});
  if (calls !== 5) throw new Error(`the circuit of ${name} is not open`);
  await pause(200);
  calls = 0;
  let fail;
  answer = new Promise((resolve) => {
    fail = resolve;
  });
  const first = once(upstream, "call");
  const running = Array.from({ length: 50 }, () => run().catch(() => {}));
  await first;
  await turn();
  fail();
  await Promise.all(running);
  answer = undefined;
  console.log(`${name}: ${calls} of 50 calls reach the upstream`);
}

const policy = cockatiel.circuitBreaker(cockatiel.handleAll, {
  halfOpenAfter: 100,
  breaker: new cockatiel.ConsecutiveBreaker(5),
});
await herd("cockatiel", () => policy.execute(down));

const opossum = new Opossum(down, { timeout: false, resetTimeout: 100, volumeThreshold: 5 });
await herd("opossum", () => opossum.fire());
opossum.shutdown();

const command = { execute: (callback) => void down().catch(callback) };
const levee = Levee.createBreaker(command, { maxFailures: 5, resetTimeout: 100 });
await herd("levee", () => new Promise((resolve, reject) => levee.run((error) => (error ? reject(error) : resolve()))));
process.exit(0);
JS

cat >main.py <<'PY'
import asyncio
import datetime
import aiobreaker
import circuitbreaker
import purgatory
from hyx.circuitbreaker import consecutive_breaker

answer = asyncio.Event()
calls = 0

async def down():
    global calls
    calls += 1
    await answer.wait()
    raise OSError("down")

async def herd(name, run):
    """Opens the circuit, makes 50 calls after the reset timeout, and lets the upstream fail once all are made."""
    global calls
    ended = 0

    async def attempt():
        nonlocal ended
        try:
            await run()
        except Exception:
            ended += 1

    calls = 0
    answer.set()
    for _ in range(6):
        await attempt()
    assert calls == 5, f"the circuit of {name} is not open"
    await asyncio.sleep(0.2)
    calls = ended = 0
    answer.clear()
    running = [asyncio.create_task(attempt()) for _ in range(50)]
    while calls + ended < 50:
        await asyncio.sleep(0)
    answer.set()
    await asyncio.gather(*running)
    print(f"{name}: {calls} of 50 calls reach the upstream")

async def main():
    await herd("circuitbreaker", circuitbreaker.circuit(failure_threshold=5, recovery_timeout=0.1)(down))
    breaker = aiobreaker.CircuitBreaker(5, datetime.timedelta(seconds=0.1))
    await herd("aiobreaker", lambda: breaker.call_async(down))
    factory = purgatory.AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=0.1)
    await herd("purgatory", factory("test")(down))
    hyx = consecutive_breaker(failure_threshold=5, recovery_time_secs=0.1, recovery_threshold=1)
    await herd("hyx", hyx(down))

asyncio.run(main())
PY

mkdir go
cd go
export GOPATH="$dir/gopath" GOFLAGS=-mod=mod
go mod init example.test/client 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/eapache/go-resiliency/breaker"
	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/sony/gobreaker/v2"
)

// Opens the circuit, makes 50 calls after the reset timeout, and lets the upstream fail once all are made.
func herd(name string, run func(func() error) error) {
	failure := errors.New("down")
	calls := 0
	for range 6 {
		run(func() error {
			calls++
			return failure
		})
	}
	if calls != 5 {
		panic("the circuit of " + name + " is not open")
	}
	time.Sleep(time.Second)
	reached, ended, answer := make(chan bool), make(chan bool), make(chan bool)
	for range 50 {
		go func() {
			run(func() error {
				reached <- true
				<-answer
				return failure
			})
			ended <- true
		}()
	}
	calls = 0
	for range 50 {
		select {
		case <-reached:
			calls++
		case <-ended:
		}
	}
	close(answer)
	for range calls {
		<-ended
	}
	fmt.Printf("%s: %d of 50 calls reach the upstream\n", name, calls)
}

func main() {
	timeout := 100 * time.Millisecond
	resiliency := breaker.New(5, 1, timeout)
	herd("go-resiliency", resiliency.Run)

	trips := func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= 5 }
	sony := gobreaker.NewCircuitBreaker[any](gobreaker.Settings{Timeout: timeout, ReadyToTrip: trips})
	herd("gobreaker", func(call func() error) error {
		_, err := sony.Execute(func() (any, error) { return nil, call() })
		return err
	})

	policy := circuitbreaker.NewBuilder[any]().WithFailureThreshold(5).WithSuccessThreshold(1).WithDelay(timeout).Build()
	herd("failsafe-go", failsafe.With(policy).Run)
}
GO
go get github.com/eapache/go-resiliency@v1.7.0 github.com/sony/gobreaker/v2@v2.4.0 github.com/failsafe-go/failsafe-go@v0.9.8 2>/dev/null
go build -o client .
cd ..
{
  node_modules/.bin/node main.mjs
  venv/bin/python main.py
  go/client
} >seen.txt
cat seen.txt
for name in cockatiel:1 opossum:1 levee:1 circuitbreaker:50 aiobreaker:50 purgatory:50 hyx:50 \
  go-resiliency:50 gobreaker:1 failsafe-go:1; do
  echo "${name%:*}: ${name#*:} of 50 calls reach the upstream"
done | diff - seen.txt
