#!/usr/bin/env node
// Stands in for the dagger CLI of a session. FAKE_SESSION is JSON with these keys:
// - `lines`: lines to print, with pauses of 20 ms between them
// - `errors`: text to write to standard error first
// - `exitCode`: the exit code. Without it, the process runs until its input ends or a signal arrives
// - `signals`: "say" prints the received signal and exits with 7. "ignore" ignores it. Without it, a signal
// ends the process
// - `close`: whether to close the output after the lines
import { setTimeout as sleep } from "node:timers/promises";

const { lines = [], errors = "", exitCode, signals, close } = JSON.parse(process.env.FAKE_SESSION);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
  if (signals === "ignore") process.on(signal, () => {});
  if (signals !== "say") continue;
  process.on(signal, () => {
    process.stderr.write(`${signal}\n`, () => process.exit(7));
  });
}
process.stdin.once("end", () => process.exit(exitCode ?? 0)).resume();
process.stderr.write(errors);
process.stderr.write(`args ${JSON.stringify(process.argv.slice(2))}\n`);
for (const line of lines) {
  process.stdout.write(line);
  await sleep(20);
}
process.stderr.write(`pid ${process.pid}\n`);
if (close) process.stdout.end();
if (exitCode !== undefined) process.exitCode = exitCode;
if (exitCode !== undefined) process.stdin.destroy();
