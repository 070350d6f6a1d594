#!/usr/bin/env node
// Stands in for the dagger CLI. FAKE_CLI lists one behavior for each start. The file FAKE_CLI_STATE
// contains the rest of the list. The behaviors:
// - ok, fails
// - hangs: prints no session line; hangs-hard also ignores SIGTERM
// - dies: the engine is killed at the second command
// - killed: the CLI itself is killed at the second command
// - ends-badly: exits with an error at the end of the session
// - greets, misspeaks: prints a first line that is not a session line, and keeps running
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [mode = "ok", ...rest] = readFileSync(process.env.FAKE_CLI_STATE, "utf8").split(",");
writeFileSync(process.env.FAKE_CLI_STATE, rest.join(","));
appendFileSync(`${process.env.FAKE_CLI_STATE}.log`, `${mode} ${process.pid}\n`);

if (mode === "fails") {
  console.error("Error: start engine: failed to run command [docker version]: exit status 1");
  process.exit(1);
}
if (mode === "hangs-hard") process.on("SIGTERM", () => {});
if (mode === "greets") console.log("A new version of dagger is available.");
if (mode === "misspeaks") console.log("{}");
if (/^(hangs|greets|misspeaks)/.test(mode)) {
  setInterval(() => {}, 60_000);
} else {
  const { startSessionDouble } = await import(join(process.cwd(), "dist/testing/index.js"));
  const double = await startSessionDouble({
    faults: mode === "dies" ? [{ operation: "withExec", calls: 2, kind: "engineKilled" }] : [],
  });
  const end = () => void double.stop().then(() => process.exit(mode === "ends-badly" ? 1 : 0));
  const kill = () => double.commandsStarted > 1 && process.kill(process.pid, "SIGKILL");
  if (mode === "killed") setInterval(kill, 5);
  process.once("SIGTERM", end);
  process.stdin.resume().once("end", end);
  console.log(JSON.stringify({ port: double.port, session_token: double.token }));
}
