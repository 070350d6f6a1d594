#!/usr/bin/env node
/**
 * Stands in for the `dagger` CLI in the example's outage. `session` opens a session double, or fails as the
 * real CLI does without Docker. EXAMPLE_ENGINE selects the behavior: `up`, `dies` (at the third command of
 * the session) or `down`.
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
// The SDK ends a session with a signal, and other SDKs close standard input. Like the real CLI, this
// program then exits with 0. Dying of the signal would look like a failure to the SDK.
const end = () => void double.stop().then(() => process.exit(0));
process.once("SIGTERM", end);
process.stdin.resume().once("end", end);
