#!/usr/bin/env node
// Stands in for the dagger CLI of a session. FAKE_SESSION says what it does, as JSON:
//   lines     what it prints, each written as it is, with pauses of 20 ms between them
//   errors    what it writes to standard error first
//   exitCode  ends with it; else it lives until its input ends or a signal comes
//   signals   "say" (says which signal came and ends with 7) or "ignore"; else a signal ends it
//   close     closes its output behind what it prints
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
