// Stands in for the dagger command. It posts the spans of recorded cases to the endpoint for traces. Its
// first argument selects its task.
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [task, ...rest] = process.argv.slice(2);
const fixture = (name) =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

async function post(body) {
  const endpoint = process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (endpoint === undefined) return;
  const headers = { "content-type": "application/x-protobuf" };
  await fetch(endpoint, { method: "POST", body, headers });
}

/** Posts the spans of some cases, as recorded on an engine of 0.21. */
async function postCases(cases) {
  if (cases.length === 0) return;
  const { encodeSpans } = await import(
    pathToFileURL(`${process.env.FAKE_DIST}/traces/otlp/encode.js`).href
  );
  const spans = fixture("traces/spans.jsonl").filter(
    (span) => span.engine === "v0.21.8" && cases.includes(span.case),
  );
  await post(encodeSpans(spans, { "service.name": "dagger" }));
}

/** Prints the same output as a recorded command. Usage: `dagger recorded ENGINE ID [cases of spans...]`. */
async function recorded([engine, id, ...cases]) {
  const found = fixture("attribution/commands.jsonl").find(
    (command) => command.engine === engine && command.id === id,
  );
  await postCases(cases);
  process.stdout.write(found.stdout);
  process.stderr.write(found.stderr);
  process.exitCode = found.exitCode;
}

/** The signals that end the stand-in, each with its exit code. */
const STOPS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
];

const TASKS = {
  recorded: () => recorded(rest),
  // Replays one recorded command for each start, and then repeats the last one. The first argument is a
  // file that counts the starts.
  async inTurn() {
    const [file, ...ids] = rest;
    appendFileSync(file, "started\n");
    const starts = readFileSync(file, "utf8").trim().split("\n").length;
    const id = ids[Math.min(starts, ids.length) - 1];
    if (id === "hang") TASKS.hang();
    else if (/^\d+$/.test(id)) process.exitCode = Number(id);
    else await recorded(["v0.21.8", ...id.split("+")]);
  },
  async fail() {
    await postCases(rest.slice(1));
    console.error(rest[0]);
    process.exitCode = 1;
  },
  /**
   * Ends as dagger does when a user types Ctrl-C in its display: without a signal, and with a canceled root
   * span.
   */
  async canceled() {
    const { encodeSpans } = await import(
      pathToFileURL(`${process.env.FAKE_DIST}/traces/otlp/encode.js`).href
    );
    const span = { scope: "dagger.io/cli", trace: "1".repeat(32), startNs: "1", endNs: "2" };
    const root = { ...span, name: "dagger call test", id: "2".repeat(16), parent: "" };
    const below = { ...root, name: "Hello.test", id: "3".repeat(16), parent: root.id };
    const told = { status: "error", message: "context canceled", attributes: {} };
    const [canceled, fine] = [told, { status: "unset", message: "", attributes: {} }];
    const spans =
      rest[0] === "below"
        ? [
            { ...root, ...fine },
            { ...below, ...canceled },
          ]
        : [{ ...root, ...canceled }];
    await post(encodeSpans(spans, { "service.name": "dagger" }));
    process.exitCode = 2;
  },
  async exit() {
    await postCases(rest.slice(1));
    process.exitCode = Number(rest[0]);
  },
  async forged() {
    await post(Buffer.from(fixture("traces/otlp.jsonl").at(-1).base64, "base64"));
    await recorded(rest);
  },
  bytes() {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    writeSync(1, Buffer.concat([all, all, Buffer.from("no newline")]));
    writeSync(2, Buffer.concat([all, Buffer.from([0xff, 0xfe, 0x0a])]));
  },
  turns() {
    for (let line = 0; line < Number(rest[0]); line += 1)
      writeSync(line % 2 === 0 ? 1 : 2, `${line}\n`);
  },
  flood() {
    const chunk = Buffer.alloc(1024 * 1024, "0123456789abcde\n");
    for (let mebibyte = 0; mebibyte < Number(rest[0]); mebibyte += 1) {
      for (let at = 0; at < chunk.length; ) at += writeSync(1, chunk, at);
    }
  },
  hang() {
    for (const [signal, exitCode] of STOPS) {
      process.on(signal, () => {
        console.log("told to end");
        process.exit(exitCode);
      });
    }
    console.log(`hanging ${process.pid}`);
    setInterval(() => {}, 60_000);
  },
  deaf() {
    let times = 0;
    for (const [signal] of STOPS) {
      process.on(signal, () => {
        times += 1;
        if (times === 1) console.log("told to end");
      });
    }
    console.log(`hanging ${process.pid}`);
    setInterval(() => {}, 60_000);
  },
  /** Acts like a command whose exchange hangs. It posts the spans of the exchange when it receives SIGINT. */
  hangingPull() {
    process.on("SIGINT", async () => {
      await postCases(rest);
      process.exit(130);
    });
    console.log("hanging");
    setInterval(() => {}, 60_000);
  },
  /** Prints a line every tenth of a second, for the given number of lines. */
  busy() {
    let left = Number(rest[0]);
    const timer = setInterval(() => {
      console.log(left);
      left -= 1;
      if (left === 0) clearInterval(timer);
    }, 100);
  },
  /** Posts spans every tenth of a second, and prints nothing. */
  async busyTraces() {
    for (let left = Number(rest[0]); left > 0; left -= 1) {
      await postCases(["version"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
  parent() {
    const child = spawn(process.execPath, [process.argv[1], ...rest], { stdio: "inherit" });
    console.log(`child ${child.pid}`);
    child.on("exit", (code) => process.exit(code ?? 1));
  },
  leaveBehind() {
    const child = spawn("sleep", ["120"], { stdio: "inherit" });
    child.unref();
    console.log(`left ${child.pid}`);
    process.exit(0);
  },
  signals() {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
      let times = 0;
      process.on(signal, () => {
        times += 1;
        // Waits long enough to count a second signal, if there is one.
        if (times === 1) setTimeout(() => process.exit(console.log(`${signal} ${times}`)), 300);
      });
    }
    console.log("ready");
    setInterval(() => {}, 60_000);
  },
  terminal() {
    const size = () => `${process.stdout.columns}x${process.stdout.rows}`;
    process.stdout.on("resize", () => {
      console.log(`size ${size()}`);
      process.exit(0);
    });
    console.log(JSON.stringify([process.stdin.isTTY, process.stdout.isTTY, process.stderr.isTTY]));
    process.stdout.write("\u001b[32mgreen\u001b[39m\r\u001b[2K\u28fe frame");
    console.log(`\nready ${size()}`);
    setInterval(() => {}, 60_000);
  },
  /** Prints the name of each signal that it receives, until SIGTERM. */
  hear() {
    const names = rest[0].split(",");
    for (const name of names) process.on(name, () => console.log(`got ${name}`));
    process.on("SIGTERM", () => process.exit(0));
    console.log("ready");
    setInterval(() => {}, 60_000);
  },
  async session() {
    const inFlight = await (await fetch(process.env.BEGIN)).text();
    console.log(`held ${inFlight}`);
    await recorded(rest);
  },
  show() {
    const names = Object.keys(process.env).filter((name) => name.startsWith("OTEL_"));
    console.log(JSON.stringify(names.sort()));
  },
};

await TASKS[task]();
