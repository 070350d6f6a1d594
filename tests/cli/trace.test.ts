/** Tests `dagger-breaker trace` with a stand-in for the dagger command, as users run it. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { startSessionDouble } from "../../src/testing/index.js";
import { RECORDED_BODIES, startCollector, status } from "../traces/fake-collector.js";
import { builtCli } from "./built-cli.js";

const DAGGER = fileURLToPath(new URL("./fake-dagger.mjs", import.meta.url));
const cli = builtCli();

const CALL_REPORT = `REGISTRY                       ASKED  OK  FAILED  LIMITED  AGAIN   TIME  SLOWEST
registry-1.docker.io              11   8       3        0      1  99 ms    56 ms
auth.docker.io
  for registry:docker.io           3   3       0        0      0   5 ms     4 ms
Nothing came from the cache.
IMAGE
docker.io/library/busybox:h5
  sha256:4fcc380aac80c17646cd400d073fd526af4b5fc447c4622d8cd85b74a8fc8d4c
`;

/** Runs a task of the stand-in, and reads the JSON report of `trace`. */
async function traced(task: readonly string[], env: Record<string, string> = {}) {
  const file = join(cli.folder, `report-${Math.random()}.json`);
  const run = await cli.run(["trace", "--json", "--output", file, "--", DAGGER, ...task], { env });
  return { ...run, report: JSON.parse(readFileSync(file, "utf8")) };
}

describe("the report", () => {
  test("goes to standard error, after the command's messages, and leaves its output alone", async () => {
    const { exitCode, stdout, stderr } = await cli.run(["trace", "--", DAGGER, "call"]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe("the output of the command\n");
    const [messages, headline, ...rest] = stderr.split("\n");
    expect(messages).toBe("its messages");
    expect(headline).toMatch(
      /^dagger-breaker trace: exit code 0 after .* m?s, 16 requests to the engine$/,
    );
    expect(rest.join("\n")).toBe(CALL_REPORT);
  });

  test("as JSON in a file leaves both streams to the command", async () => {
    const { stdout, stderr, report } = await traced(["call"]);
    expect(stdout).toBe("the output of the command\n");
    expect(stderr).toBe("its messages\n");
    expect(report).toMatchObject({
      exitCode: 0,
      signal: null,
      contacts: { requests: 16, images: [{ image: "docker.io/library/busybox:h5", asked: true }] },
      bodies: { received: 13, undecodable: 0, refused: 0, forwarded: null, dropped: null },
      notes: [],
    });
  });

  test("shows nothing of a URL but hosts", async () => {
    const { report } = await traced(["call"]);
    expect(JSON.stringify(report)).not.toMatch(/manifests|\/v2\/|https?:|echo|exit code/);
  });

  test("reports unreadable bodies, and still ends as the command did", async () => {
    const { exitCode, report } = await traced(["garbage"]);
    expect(exitCode).toBe(0);
    expect(report.notes.map(({ code }: { code: string }) => code)).toEqual([
      "undecodable",
      "no-spans",
    ]);
  });

  test("receives a dagger command that outlives its parent", async () => {
    const { report } = await traced(["late"]);
    expect(report.contacts.requests).toBeGreaterThan(0);
  });

  test("of a flood is as short, and quickly made", async () => {
    const { exitCode, report } = await traced(["flood", "4000"]);
    expect(exitCode).toBe(0);
    expect(report.bodies.received).toBe(1000);
    expect(report.bodies.refused).toBe(0);
  });

  test("contains the exit code of a failed command, which is ours too", async () => {
    const { exitCode, report } = await traced(["fail"]);
    expect(exitCode).toBe(3);
    expect(report).toMatchObject({ exitCode: 3, contacts: { requests: 16 } });
  });
});

describe("the user's own collector", () => {
  test("gets every body unchanged, with the headers in the environment", async () => {
    await using collector = await startCollector();
    const { report } = await traced(["call"], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint.replace("/v1/traces", ""),
      OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=hunter2",
    });
    expect(report.bodies).toMatchObject({ received: 13, forwarded: 13, dropped: 0 });
    const plain = collector.received.map(({ body, headers }) =>
      headers["content-encoding"] === "gzip" ? gunzipSync(body) : body,
    );
    expect(plain.map((body) => body.toString("base64"))).toEqual(
      RECORDED_BODIES.map((body) => body.toString("base64")),
    );
    expect(collector.received.map(({ headers }) => headers["content-encoding"] ?? "none")).toEqual(
      RECORDED_BODIES.map((_, index) => (index % 2 === 1 ? "gzip" : "none")),
    );
    for (const { path, headers } of collector.received) {
      expect(path).toBe("/v1/traces");
      expect(headers["x-api-key"]).toBe("hunter2");
    }
    expect(JSON.stringify(report)).not.toContain("hunter2");
  });

  test("is left alone if we cannot serve it, with a note, and the command runs as before", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4317",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    };
    const { stdout, exitCode, stderr, report } = await traced(["show"], env);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout).otel).toEqual(env);
    expect(report).toMatchObject({ contacts: null, bodies: null });
    expect(report.notes[0]).toMatchObject({
      code: "witness-off",
      text: expect.stringMatching(/OTEL_EXPORTER_OTLP_PROTOCOL is not http\/protobuf/),
    });
  });

  test.each([
    ["is down", () => ({ endpoint: "http://127.0.0.1:9/v1/traces" })],
    ["does not answer", () => startCollector(() => undefined)],
    ["refuses", () => startCollector(status(429))],
  ])("that %s costs at most a moment at the end, and is reported", async (_, open) => {
    const collector = await open();
    const before = performance.now();
    const { exitCode, stderr, report } = await traced(["fail"], {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.endpoint,
    });
    expect(performance.now() - before - report.durationMs).toBeLessThan(6_000);
    if (Symbol.asyncDispose in collector) await collector[Symbol.asyncDispose]();
    expect(exitCode).toBe(3);
    // `trace` writes nothing into the streams of the command.
    expect(stderr).toBe("");
    expect(report.bodies).toMatchObject({ received: 13, forwarded: 0, dropped: 13 });
    expect(report.notes).toEqual([
      { code: "traces-dropped", text: expect.stringMatching(/It did not get 13 of 13 exports\.$/) },
    ]);
  });

  test("has a sampler that hides spans, which is reported", async () => {
    const { report, stdout } = await traced(["show"], { OTEL_TRACES_SAMPLER: "always_off" });
    expect(JSON.parse(stdout).otel.OTEL_TRACES_SAMPLER).toBe("always_off");
    expect(report.notes.map(({ code }: { code: string }) => code)).toEqual([
      "no-spans",
      "traces-sampled",
    ]);
  });
});

describe("with the real SDK", () => {
  /** Creates a CLI that hands out the session of a double and records the names of its variables. */
  function sessionCli({ port, token }: { port: number; token: string }): string {
    const program = join(cli.folder, "session-cli.mjs");
    const line = JSON.stringify({ port, session_token: token });
    writeFileSync(
      program,
      `#!${process.execPath}
       import { writeFileSync } from "node:fs";
       const names = Object.keys(process.env).filter((name) => name.startsWith("OTEL_"));
       writeFileSync(${JSON.stringify(join(cli.folder, "cli-env.json"))}, JSON.stringify(names));
       for (const end of ["SIGTERM", "SIGINT"]) process.on(end, () => process.exit(0));
       process.stdin.resume().once("end", () => process.exit(0));
       console.log(${JSON.stringify(line)});`,
      { mode: 0o755 },
    );
    return program;
  }

  test.each(["connect", "connection"])(
    "a program with %s runs as without us, and its CLI gets the export address",
    async (how) => {
      const double = await startSessionDouble();
      const program = join(cli.folder, `${how}.mjs`);
      const sdk = JSON.stringify(import.meta.resolve("@dagger.io/dagger"));
      writeFileSync(
        program,
        `import { ${how}, dag } from ${sdk};
         await ${how}(async (client = dag) => {
           console.log(await client.container().from("alpine:3").withExec(["echo", "hi"]).stdout());
         });`,
      );
      const file = join(cli.folder, `${how}.json`);
      const args = ["trace", "--json", "--output", file, "--", process.execPath, program];
      const env = { _EXPERIMENTAL_DAGGER_CLI_BIN: sessionCli(double) };
      const { exitCode, stdout, stderr } = await cli.run(args, { env });
      await double.stop();
      expect({ exitCode, stdout: stdout.trim(), stderr }).toEqual({
        exitCode: 0,
        stdout: "hi",
        stderr: "",
      });
      const names = JSON.parse(readFileSync(join(cli.folder, "cli-env.json"), "utf8"));
      expect(names).toContain("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
      // A program that uses `connection` also starts the SDK's own telemetry, which sends nothing here.
      const { bodies, notes } = JSON.parse(readFileSync(file, "utf8"));
      expect(bodies.received).toBe(0);
      expect(notes.map(({ code }: { code: string }) => code)).toEqual(["no-spans"]);
    },
  );
});
