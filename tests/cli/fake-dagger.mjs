#!/usr/bin/env node
// Stands in for the dagger command. It posts recorded bodies to the endpoint for traces, as the real
// command does. Its first argument selects its task:
// - call: posts all recorded bodies, and prints a line to each stream
// - fail: posts all recorded bodies, and exits with 3
// - hang: prints "ready". At SIGTERM, SIGINT or SIGHUP it prints the signal and exits with 0
// - die: prints "ready", and lets signals end the process
// - flood SPANS: posts about that many spans
// - garbage: posts a body that is not protobuf
// - show: prints its arguments and environment
// - late: ends when its child, with the task "outlive", has connected, and before the child posts
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

/** Returns the headers that the real dagger sends, including those from its environment. */
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
        // Waits long enough to count a second signal, if there is one.
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
    // The child now runs, and keeps running when this process ends.
    await once(child.stdout, "data");
    process.exit();
    break;
  }
  case "outlive": {
    // Connects before its parent ends, and needs no further code, because both take long on a busy machine.
    const { port, pathname } = new URL(endpoint);
    const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
    await once(socket, "connect");
    console.log("begun");
    await once(process.stdin.resume(), "end");
    const type = "Content-Type: application/x-protobuf";
    for (const body of bodies) {
      const lines = [
        `POST ${pathname} HTTP/1.1`,
        "Host: a",
        type,
        `Content-Length: ${body.length}`,
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.write(body);
    }
    socket.resume().end();
    break;
  }
}
