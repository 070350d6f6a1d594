#!/usr/bin/env node
// Stands in for the dagger command, and ends as recorded commands did. The file in REPLAY contains the
// tasks, one word a line. Each start removes and performs the first word, but the last word stays:
// - the id of a recorded command, such as pull-429: replays its output and exit code
// - show: prints its arguments and the relevant part of its environment
// - version: prints the version v9.8.7
// - hang: prints "hanging", and at SIGINT or SIGTERM prints "told to end" and ends
// - deaf: prints "hanging", and does not end at SIGINT or SIGTERM
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

const [task, ...rest] = readFileSync(process.env.REPLAY, "utf8").trim().split("\n");
if (rest.length > 0) writeFileSync(process.env.REPLAY, rest.join("\n"));
appendFileSync(`${process.env.REPLAY}.log`, `${task}\n`);

if (task === "show") {
  const env = Object.entries(process.env).filter(([name]) =>
    /^(?:DAGGER|OTEL|INPUT|ACTION|_EXPERIMENTAL)_/.test(name),
  );
  console.log(
    JSON.stringify({
      args: process.argv.slice(2),
      cwd: process.cwd(),
      env: Object.fromEntries(env),
    }),
  );
} else if (task === "version") {
  console.log("dagger v9.8.7 (docker-image://registry.example.com/engine:v9.8.7) linux/amd64");
} else if (task === "hang" || task === "deaf") {
  for (const [signal, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ]) {
    process.on(signal, () => {
      console.log("told to end");
      if (task === "hang") process.exit(exitCode);
    });
  }
  console.log(`hanging ${process.pid}`);
  setInterval(() => {}, 60_000);
} else {
  const recorded = readFileSync(
    new URL("../fixtures/attribution/commands.jsonl", import.meta.url),
    "utf8",
  );
  const { stdout, stderr, exitCode } = recorded
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .find(({ id }) => id === task);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}
