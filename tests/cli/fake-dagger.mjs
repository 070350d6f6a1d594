#!/usr/bin/env node
// Stands in for the dagger command. It posts recorded bodies to where it should export its traces, as
// the real one does. Its first argument selects its task:
// - call [cases...]: posts the bodies of otlp.jsonl, or those of spans.jsonl of the cases, and prints
// - fail: does the same, and exits with 3
// - hang: prints "ready", and at SIGTERM, SIGINT or SIGHUP prints the signal and exits with 0
// - die: prints "ready", and lets signals end it
// - flood <spans>: posts that many spans
// - show: prints its arguments and environment
// - late: ends before its child "outlive" has connected and posted
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { isatty } from "node:tty";
import { gzipSync } from "node:zlib";

const [task, ...rest] = process.argv.slice(2);
const endpoint = process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
const bodies = readFileSync(new URL("../fixtures/traces/otlp.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => Buffer.from(JSON.parse(line).base64, "base64"));

/** Returns the headers that the real one sends, including the ones from its environment. */
function headers() {
  const given = (process.env.OTEL_EXPORTER_OTLP_HEADERS ?? "").split(",").filter(Boolean);
  return {
    "content-type": "application/x-protobuf",
    ...Object.fromEntries(given.map((pair) => pair.split("="))),
  };
}

async function post(body, packed = false) {
  if (endpoint === undefined) return;
  await fetch(endpoint, {
    method: "POST",
    body: packed ? gzipSync(body) : body,
    headers: packed ? { ...headers(), "content-encoding": "gzip" } : headers(),
  });
}

async function postAll() {
  for (const [index, body] of bodies.entries()) await post(body, index % 2 === 1);
}

switch (task) {
  case "call":
    console.log("the output of the command");
    console.error("its messages");
    await postAll();
    break;
  case "fail":
    await postAll();
    process.exitCode = 3;
    break;
  case "hang":
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
      let times = 0;
      process.on(signal, () => {
        times += 1;
        // Long enough for a second one to come, if one is sent.
        if (times === 1) setTimeout(() => process.exit(console.log(`${signal} ${times}`)), 200);
      });
    }
    await postAll();
    console.log(`ready ${process.pid}`);
    setInterval(() => {}, 60_000);
    break;
  case "die":
    console.log(`ready ${process.pid}`);
    setInterval(() => {}, 60_000);
    break;
  case "flood": {
    const body = bodies[0];
    for (let spans = 0; spans < Number(rest[0]); spans += 4) await post(body);
    break;
  }
  case "garbage":
    await post(Buffer.from("no protobuf"));
    break;
  case "show":
    console.log(
      JSON.stringify({
        args: rest,
        terminal: [0, 1, 2].map((stream) => isatty(stream)),
        otel: Object.fromEntries(
          Object.entries(process.env).filter(([name]) => name.startsWith("OTEL_")),
        ),
      }),
    );
    break;
  case "late": {
    const child = spawn(process.execPath, [process.argv[1], "outlive"], {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    // The child has begun. When we end, it continues.
    await once(child.stdout, "data");
    process.exit();
    break;
  }
  case "outlive": {
    console.log("begun");
    await once(process.stdin.resume(), "end");
    // Connected before all that is loaded for a request, which takes long on a busy machine.
    const socket = connect(Number(new URL(endpoint).port), "127.0.0.1").on("error", () => {});
    await postAll();
    socket.destroy();
    break;
  }
}
