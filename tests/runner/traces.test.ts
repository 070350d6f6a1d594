/** Tests what the engine's traces add to the output of a command, and what they must not add. */

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { builtRunner, type RunOrder } from "./built-runner.js";

const runner = builtRunner();
const TRACED = { traces: true, sendsTraces: true } as const;

function recorded(id: string, ...cases: string[]): RunOrder {
  return { ...TRACED, dagger: ["recorded", "v0.21.8", id, ...cases] };
}

describe("who sends them", () => {
  const variables = [
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  ];

  test.each([
    ["the command, when it is told to", TRACED, variables],
    ["not the command, when only its sessions are", { traces: true, sessions: true }, []],
    ["nobody, without a witness", { sendsTraces: true }, []],
  ])("%s", async (_title, order, expected) => {
    const ran = await runner.run({ ...order, dagger: ["show"] });
    expect(JSON.parse(ran.stdout.toString())).toEqual(expected);
  });

  test("a collector of the user's that must be left alone is told as the reason of none", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    };
    const ran = await runner.run({ ...recorded("ok"), env });
    expect(ran.exitCode).toBe(0);
    expect(ran.report.contacts).toBeNull();
    expect(ran.report.warnings).toMatchObject([{ code: "witness-off" }]);
  });
});

test("what the command contacted is told, failed or not", async () => {
  const { report } = await runner.run(recorded("pull-429", "hub-q429"));
  expect(report.contacts?.upstreams).toMatchObject([
    { host: "registry-1.docker.io", limited: 5 },
    { host: "auth.docker.io" },
  ]);
});

test("no time is spent waiting for traces of which all have come", async () => {
  // The shortest of several runs counts, because other work of the machine only adds time.
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 20 && least >= 150; run += 1) {
    const { report } = await runner.run(recorded("ok", "ok-exec"));
    least = Math.min(least, report.durationMs - (report.attempts[0]?.durationMs ?? 0));
  }
  expect(least).toBeLessThan(150);
});

test("a host that answered is a success of a circuit that is there", async () => {
  const ran = await runner.run({
    ...recorded("ok", "ok-exec"),
    guard: { needs: ["registry:docker.io"] },
  });
  expect(ran.breakers["registry:docker.io"]).toMatchObject({ successCount: 1, failureCount: 0 });
});

test("a host that answered makes no circuit of its own", async () => {
  const ran = await runner.run(recorded("ok", "ok-exec"));
  expect(Object.keys(ran.breakers)).toEqual(["engine"]);
});

test("a failed host that the user's own code recovered from counts no failure", async () => {
  const ran = await runner.run(recorded("ok", "hub-q429"));
  expect(Object.keys(ran.breakers)).toEqual(["engine"]);
});

test("a failed host in a command that failed because of the user's own step counts no failure", async () => {
  const ran = await runner.run({
    ...recorded("exec-fail", "hub-q429"),
    guard: { needs: ["registry:docker.io"] },
  });
  expect(ran.breakers["registry:docker.io"]).toMatchObject({ state: "closed", failureCount: 0 });
});

test.each(["exec-fail", "ok", "mod-test", "git-503"])(
  "what a container has forged opens no circuit: %s",
  async (id) => {
    const ran = await runner.run({
      ...TRACED,
      dagger: ["forged", "v0.21.8", id],
      guard: { needs: ["registry:docker.io"] },
    });
    expect(ran.report.contacts?.upstreams).toMatchObject([
      { host: "registry-1.docker.io", failed: 1 },
    ]);
    expect(ran.breakers["registry:docker.io"]).toMatchObject({ state: "closed", failureCount: 0 });
  },
);

test("a failure whose words name no host goes to the one that the traces show", async () => {
  const words = "Error: invalid response status 503 Service Unavailable";
  const ran = await runner.run({ ...TRACED, dagger: ["fail", words, "http-s503"] });
  expect(ran.report.failure).toMatchObject({
    upstream: "files.example.com",
    breaker: "http:files.example.com",
  });
  expect(ran.breakers).toMatchObject({
    engine: { successCount: 1, failureCount: 0 },
    "http:files.example.com": { failureCount: 1 },
  });
});

describe("the learned needs", () => {
  function learnt(path: string, more: RunOrder = {}): RunOrder {
    return { ...recorded("ok", "ok-exec"), learnt: "warn", learntPath: path, ...more };
  }

  test("is the breakers of what the command contacted, without a word of the command itself", async () => {
    const path = runner.file();
    const first = await runner.run(learnt(path));
    expect(first.report.learnt).toEqual([]);
    const second = await runner.run(learnt(path));
    expect(second.report.learnt).toEqual(["registry:docker.io"]);
    const text = readFileSync(path, "utf8");
    expect(text).toContain("registry:docker.io");
    for (const word of ["recorded", "ok-exec", runner.folder]) expect(text).not.toContain(word);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("belongs to one command with its arguments", async () => {
    const path = runner.file();
    await runner.run(learnt(path));
    const other = await runner.run({ ...recorded("ok"), learnt: "warn", learntPath: path });
    expect(other.report.learnt).toEqual([]);
  });

  test("warns of a circuit that is open, and gates only where it is enforced", async () => {
    const path = runner.file();
    await runner.run(learnt(path));
    const refusing = { "registry:docker.io": 60_000 };
    const warned = await runner.run(learnt(path, { refusing }));
    expect(warned.exitCode).toBe(0);
    expect(warned.report.warnings).toMatchObject([
      { code: "learnt-open", text: expect.stringContaining("registry:docker.io") },
    ]);
    const enforced = await runner.run(learnt(path, { refusing, learnt: "enforce" }));
    expect(enforced.exitCode).toBe(75);
    expect(enforced.report.rejection?.upstream).toBe("registry:docker.io");
    const off = await runner.run(learnt(path, { refusing, learnt: "off" }));
    expect(off.report).toMatchObject({ exitCode: 0, learnt: [], warnings: [] });
  });

  test("keeps what a run before has asked when this one failed before it came so far", async () => {
    const path = runner.file();
    const file = runner.file();
    const ids = ["ok+ok-exec+git-ok", "pull-503+reg-ghcr-503", "ok"];
    const order: RunOrder = {
      ...TRACED,
      dagger: ["inTurn", file, ...ids],
      learnt: "warn",
      learntPath: path,
    };
    await runner.run(order);
    await runner.run(order);
    const { report } = await runner.run(order);
    expect([...report.learnt].sort()).toEqual([
      "git:github.com",
      "registry:docker.io",
      "registry:ghcr.io",
    ]);
  });

  test("of runs at the same time is all kept", async () => {
    const path = runner.file();
    const cases = ["ok-exec", "git-ok", "http-ok", "hub-ok"];
    await Promise.all(
      cases.map((name) =>
        runner.run({ ...recorded("ok", name), learnt: "warn", learntPath: path }),
      ),
    );
    expect(JSON.parse(readFileSync(path, "utf8")).commands).toHaveLength(cases.length);
  });

  test.each([
    ["no such document", "{}"],
    ["no document at all", "\u0000\u0001"],
  ])("from %s is nothing, and it is replaced", async (_title, text) => {
    const path = runner.file();
    writeFileSync(path, text);
    const ran = await runner.run(learnt(path));
    expect(ran.report).toMatchObject({ exitCode: 0, learnt: [], warnings: [] });
    expect(JSON.parse(readFileSync(path, "utf8")).commands).toHaveLength(1);
  });

  test("cannot be kept where nothing can be written, which is told and changes no exit code", async () => {
    const ran = await runner.run(learnt("/dev/null/contacts.json"));
    expect(ran.exitCode).toBe(0);
    expect(ran.report.warnings).toMatchObject([{ code: "learnt-not-written" }]);
  });
});

describe("a program whose sessions come to us", () => {
  test("gives the permits of the whole back when the first one begins, and words of dagger count here alone", async () => {
    const ran = await runner.run({
      command: "sh",
      args: ["-c", `exec ${runner.dagger} session v0.21.8 pull-429`],
      sessions: true,
    });
    expect(ran.stdout.toString()).toContain("held 0\n");
    expect(ran.report).toMatchObject({ outcome: "failed", exitCode: 1, sessions: { requests: 1 } });
    expect(ran.report.failure).toMatchObject({
      fault: "registry",
      breaker: "registry:docker.io",
      couldShare: false,
    });
    expect(Object.keys(ran.breakers)).toEqual(["engine", "registry:docker.io"]);
    expect(ran.breakers.engine).toMatchObject({
      successCount: 0,
      failureCount: 0,
      ignoredCount: 0,
    });
  });

  test("that opens none has a failure that is told, and counts in this run by the words of dagger", async () => {
    const script = `${runner.dagger} recorded v0.21.8 pull-503`;
    const ran = await runner.run({ command: "sh", args: ["-c", script], sessions: true });
    expect(ran.report.failure).toMatchObject({ fault: "registry", breaker: "registry:ghcr.io" });
    expect(ran.report.sessions).toBeNull();
    expect(Object.keys(ran.breakers)).toEqual(["engine", "registry:ghcr.io"]);
  });

  test("that opens none counts against an upstream that it was declared to need", async () => {
    const script = `${runner.dagger} recorded v0.21.8 pull-503`;
    const ran = await runner.run({
      command: "sh",
      args: ["-c", script],
      guard: { needs: ["registry:ghcr.io"] },
    });
    expect(ran.report.failure?.breaker).toBe("registry:ghcr.io");
    expect(ran.breakers["registry:ghcr.io"]).toMatchObject({ failureCount: 1, inFlightCount: 0 });
  });
});

test("a half-open circuit is closed by a command that works, and only then", async () => {
  const order = {
    guard: { needs: ["registry:docker.io"], onOpen: "wait", waitSpreadMs: 0 },
  } as const;
  const refusing = { "registry:docker.io": 300, engine: 300 };
  const worked = await runner.run({ ...recorded("ok", "ok-exec"), ...order, refusing });
  expect(worked.breakers).toMatchObject({
    engine: { state: "closed" },
    "registry:docker.io": { state: "closed" },
  });
  const asked = await runner.run({ ...TRACED, dagger: ["exit", "0"], ...order, refusing });
  expect(asked.breakers).toMatchObject({
    engine: { state: "half-open", inFlightCount: 0 },
    "registry:docker.io": { state: "half-open", inFlightCount: 0 },
  });
});

describe("Ctrl-C in dagger's own display, which is not a signal", () => {
  const order = { traces: true, sendsTraces: true, maxRetries: 2 };

  test("is an interruption, known by the root span, and nothing is run again", async () => {
    const ran = await runner.run({ dagger: ["canceled"], ...order });
    expect([ran.exitCode, ran.report.outcome, ran.report.attempts.length]).toEqual([
      2,
      "interrupted",
      1,
    ]);
    expect(ran.report).toMatchObject({ failure: null, signal: null });
    expect(ran.breakers.engine).toMatchObject({ failureCount: 0, ignoredCount: 1 });
  });

  test("is not an interruption if only a step of the command was canceled", async () => {
    const ran = await runner.run({ dagger: ["canceled", "below"], ...order });
    expect([ran.exitCode, ran.report.outcome]).toEqual([2, "failed"]);
  });
});
