#!/usr/bin/env node
/**
 * Stands in for the `dagger` CLI in the outage of the example: `session` opens a session double, or
 * fails like the real CLI without a running Docker. EXAMPLE_ENGINE selects this: `up`, `dies` (at
 * the third command of the session) or `down`.
 */

const engine = process.env.EXAMPLE_ENGINE;
if (engine === "down") {
  console.error("Error: start engine: failed to run command [docker version]: exit status 1");
  process.exit(1);
}

const { startDouble } = await import("./double.js");
const double = await startDouble({
  faults: engine === "dies" ? [{ operation: "withExec", calls: 3, kind: "engineKilled" }] : [],
});
console.log(JSON.stringify({ port: double.port, session_token: double.token }));
// The SDK ends a session by a signal, other SDKs by ending standard input. Like the real CLI it
// must not die of the signal, which the SDK would take for a failure.
const end = () => void double.stop().then(() => process.exit(0));
process.once("SIGTERM", end);
process.stdin.resume().once("end", end);
