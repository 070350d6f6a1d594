#!/usr/bin/env node
// Stands in for the dagger command: posts recorded bodies where it is told to export its traces, as
// the real one does, and then does what its arguments say:
//   call [cases...]   posts the bodies of otlp.jsonl, or those of spans.jsonl of the cases, and prints
//   fail              the same, and exits with 3
//   hang              says "ready", and exits with 0 at SIGTERM, SIGINT or SIGHUP, saying which
//   die               says "ready", and leaves it to signals to end it
//   flood <spans>     posts that many spans
//   show              prints what it was started with
//   late              ends before a child of its own has connected and posted, which is "outlive"
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

/** The headers that the real one sends, those that its environment asks for included. */
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
    // It has begun; our end tells it to go on.
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
