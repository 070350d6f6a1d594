#!/bin/sh
# A full bulkhead inside a circuit breaker opens the circuit of a healthy upstream
#
# Versions: cockatiel 4.0.0, opossum 10.0.0, hyx 0.0.2, failsafe-go 0.9.8, resilience4j 2.4.0, failsafe 3.3.2; mollitia 0.1.1 does what the guess expects
# Guess: a call that a full bulkhead rejects never reaches the upstream. So the breaker of the same library
#   does not count it, and the circuit stays closed.
# Seen: mollitia behaves as guessed. In the others, such a rejection counts as a failure of the upstream, also
#   where the bulkhead is an option of the breaker itself (`capacity` of opossum). A short burst of calls
#   opens the circuit although no call has failed, and then calls are rejected that the bulkhead would admit.
# Output:
#   cockatiel: 2 calls running, 10 more: Open, failures of the upstream: 0
#   opossum: 2 calls running, 10 more: open, failures of the upstream: 0
#   mollitia: 2 calls running, 10 more: closed, failures of the upstream: 0
#   hyx: 2 calls running, 10 more: open, failures of the upstream: 0
#   failsafe-go: 2 calls running, 10 more: open, failures of the upstream: 0
#   resilience4j: 2 calls running, 10 more: OPEN, failures of the upstream: 0
#   failsafe: 2 calls running, 10 more: OPEN, failures of the upstream: 0
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cockatiel@4.0.0 opossum@10.0.0 mollitia@0.1.1 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check hyx==0.0.2

cat >main.mjs <<'JS'
import * as cockatiel from "cockatiel";
import * as mollitia from "mollitia";
import Opossum from "opossum";

let operation;
let failures = 0;
const upstream = () => operation();

/** Fills the bulkhead with two calls, makes ten more, and prints the state of the circuit. */
async function burst(name, run, state) {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  operation = () => held;
  const failed = () => {
    failures += 1;
  };
  const running = [run().catch(failed), run().catch(failed)];
  operation = async () => "works";
  for (let call = 0; call < 10; call += 1) await run().catch(() => {});
  const reached = state();
  release();
  await Promise.all(running);
  console.log(`${name}: 2 calls running, 10 more: ${reached}, failures of the upstream: ${failures}`);
}

const breaker = cockatiel.circuitBreaker(cockatiel.handleAll, {
  halfOpenAfter: 60_000,
  breaker: new cockatiel.ConsecutiveBreaker(5),
});
const policy = cockatiel.wrap(breaker, cockatiel.bulkhead(2));
await burst("cockatiel", () => policy.execute(upstream), () => cockatiel.CircuitState[breaker.state]);

const opossum = new Opossum(upstream, {
  timeout: false,
  capacity: 2,
  volumeThreshold: 5,
  errorThresholdPercentage: 50,
});
await burst("opossum", () => opossum.fire(), () => (opossum.opened ? "open" : "closed"));
opossum.shutdown();

const sliding = new mollitia.SlidingCountBreaker({
  slidingWindowSize: 5,
  minimumNumberOfCalls: 5,
  failureRateThreshold: 50,
  openStateDelay: 60_000,
});
const bulkhead = new mollitia.Bulkhead({ concurrentSize: 2, queueSize: 0 });
const circuit = new mollitia.Circuit({ func: upstream, options: { modules: [sliding, bulkhead] } });
await burst("mollitia", () => circuit.execute(), () => sliding.state);
process.exit(0);
JS

cat >main.py <<'PY'
import asyncio
from hyx.bulkhead import bulkhead
from hyx.bulkhead.exceptions import BulkheadFull
from hyx.circuitbreaker import consecutive_breaker
from hyx.circuitbreaker.exceptions import BreakerFailing

async def main():
    held = asyncio.Event()
    failures = 0

    @consecutive_breaker(failure_threshold=5, recovery_time_secs=60, recovery_threshold=1)
    @bulkhead(max_concurrency=2, max_capacity=2)
    async def upstream():
        await held.wait()

    async def count():
        nonlocal failures
        try:
            await upstream()
        except Exception:
            failures += 1

    running = [asyncio.create_task(count()) for _ in range(2)]
    await asyncio.sleep(0.1)
    state = "closed"
    for _ in range(10):
        try:
            await upstream()
        except BulkheadFull:
            pass
        except BreakerFailing:
            state = "open"
    held.set()
    await asyncio.gather(*running)
    print(f"hyx: 2 calls running, 10 more: {state}, failures of the upstream: {failures}")

asyncio.run(main())
PY

mkdir go java
(
  cd go
  export GOPATH="$dir/gopath" GOFLAGS=-mod=mod
  go mod init example.test/client 2>/dev/null
  cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

func main() {
	breaker := circuitbreaker.NewBuilder[any]().WithFailureThreshold(5).Build()
	executor := failsafe.With[any](breaker, bulkhead.New[any](2))
	held := make(chan struct{})
	ends := make(chan error)
	begun := make(chan struct{})
	for range 2 {
		go func() {
			ends <- executor.Run(func() error {
				begun <- struct{}{}
				<-held
				return nil
			})
		}()
		<-begun
	}
	for range 10 {
		executor.Run(func() error { return nil })
	}
	state := breaker.State()
	close(held)
	failures := 0
	for range 2 {
		if <-ends != nil {
			failures++
		}
	}
	fmt.Printf("failsafe-go: 2 calls running, 10 more: %v, failures of the upstream: %d\n", state, failures)
}
GO
  go get github.com/failsafe-go/failsafe-go@v0.9.8 2>/dev/null
  go build -o client .
)

cat >java/pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>test</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.github.resilience4j</groupId>
      <artifactId>resilience4j-all</artifactId>
      <version>2.4.0</version>
    </dependency>
    <dependency>
      <groupId>dev.failsafe</groupId>
      <artifactId>failsafe</artifactId>
      <version>3.3.2</version>
    </dependency>
  </dependencies>
</project>
XML
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1) || { cat java/mvn.log; exit 1; }
cat >java/Main.java <<'JAVA'
import dev.failsafe.Failsafe;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.decorators.Decorators;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Supplier;

public class Main {
  /** Fills the bulkhead with two calls, makes ten more, and prints the state of the circuit. */
  static void burst(String name, Function<Callable<String>, Callable<String>> guard, Supplier<Object> state)
      throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch held = new CountDownLatch(1);
    Callable<String> busy = guard.apply(() -> {
      begun.countDown();
      held.await();
      return "works";
    });
    var threads = Executors.newFixedThreadPool(2);
    List<Future<String>> running = List.of(threads.submit(busy), threads.submit(busy));
    begun.await();
    for (int call = 0; call < 10; call += 1) {
      try {
        guard.apply(() -> "works").call();
      } catch (Exception error) {
        // The bulkhead is full, or the circuit is open.
      }
    }
    Object reached = state.get();
    held.countDown();
    int failures = 0;
    for (Future<String> call : running) {
      try {
        call.get();
      } catch (ExecutionException error) {
        failures += 1;
      }
    }
    threads.shutdown();
    System.out.printf("%s: 2 calls running, 10 more: %s, failures of the upstream: %d%n", name, reached, failures);
  }

  public static void main(String[] args) throws Exception {
    var config = CircuitBreakerConfig.custom().slidingWindowSize(5).minimumNumberOfCalls(5).build();
    CircuitBreaker breaker = CircuitBreaker.of("test", config);
    Bulkhead bulkhead = Bulkhead.of("test", BulkheadConfig.custom().maxConcurrentCalls(2).build());
    burst("resilience4j",
        call -> Decorators.ofCallable(call).withBulkhead(bulkhead).withCircuitBreaker(breaker).decorate(),
        breaker::getState);

    var other = dev.failsafe.CircuitBreaker.<String>builder().withFailureThreshold(5).build();
    var executor = Failsafe.with(other).compose(dev.failsafe.Bulkhead.<String>of(2));
    burst("failsafe", call -> () -> executor.get(call::call), other::getState);
  }
}
JAVA
{
  node_modules/.bin/node main.mjs
  venv/bin/python main.py
  go/client
  java -cp 'java/lib/*' java/Main.java 2>java/log || { cat java/log >&2; exit 1; }
} >seen.txt
cat seen.txt
printf '%s\n' cockatiel:Open opossum:open mollitia:closed hyx:open failsafe-go:open resilience4j:OPEN failsafe:OPEN |
  sed 's/:\(.*\)/: 2 calls running, 10 more: \1, failures of the upstream: 0/' >expected.txt
diff expected.txt seen.txt
