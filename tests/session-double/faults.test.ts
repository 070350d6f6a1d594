/** Tests planned faults: which call each fault affects, and what the client receives. */

import { expect, test } from "vitest";
import { type FaultRule, type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { ask, data, send } from "./client.js";

const pull = (reference: string) => `{ container { from(address: "${reference}") { platform } } }`;
const VERSION = "{ version }";

async function messageOf(session: SessionDouble, query: string): Promise<string | undefined> {
  const { body } = await ask(session, query);
  return (JSON.parse(body) as { errors?: { message: string }[] }).errors?.[0]?.message;
}

test("a reset connection gives no byte of the answer", async () => {
  await using session = await startSessionDouble({
    faults: [{ operation: "request", calls: 2, kind: "reset" }],
  });
  await ask(session, VERSION);
  await expect(ask(session, VERSION)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect((await ask(session, VERSION)).status).toBe(200);
});

test("a connection reset within the body gives the status and half of the answer", async () => {
  await using session = await startSessionDouble({
    faults: [{ operation: "request", kind: "resetBody" }],
  });
  const { request } = await import("node:http");
  const seen = await new Promise<{ status: number | undefined; text: string; code: unknown }>(
    (resolve) => {
      const sent = request(
        {
          port: session.port,
          host: "127.0.0.1",
          method: "POST",
          path: "/query",
          agent: false,
          headers: {
            "content-type": "application/json",
            authorization: `Basic ${Buffer.from(`${session.token}:`).toString("base64")}`,
          },
        },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => {
            text += chunk;
          });
          response.on("error", (error: NodeJS.ErrnoException) =>
            resolve({ status: response.statusCode, text, code: error.code }),
          );
        },
      );
      sent.on("error", () => undefined);
      sent.end(JSON.stringify({ query: VERSION }));
    },
  );
  const whole = '{"data":{"version":"v0.21.8"}}';
  expect(seen).toEqual({ status: 200, text: whole.slice(0, whole.length / 2), code: "ECONNRESET" });
});

test("a hanging operation never answers, until the client gives up", async () => {
  await using session = await startSessionDouble({
    faults: [{ host: "quay.io", kind: "hang" }],
  });
  const client = new AbortController();
  const hanging = ask(session, pull("quay.io/a/b"), { signal: client.signal });
  // The host gets a request, because the hang begins only after that.
  await expect.poll(() => session.requestsTo("quay.io")).toBe(1);
  setTimeout(() => client.abort(), 150);
  await expect(hanging).rejects.toThrow();
  expect(session.requestsTo("quay.io")).toBe(1);
  expect((await ask(session, VERSION)).status).toBe(200);
});

test("latencies add up and change no answer", async () => {
  await using session = await startSessionDouble({
    faults: [
      { operation: "withExec", kind: "latency", latencyMs: 60 },
      { operation: "from", kind: "latency", latencyMs: 60 },
    ],
  });
  const before = performance.now();
  await data(
    session,
    '{ container { from(address: "a") { withExec(args: ["true"]) { exitCode } } } }',
  );
  expect(performance.now() - before).toBeGreaterThanOrEqual(118);
});

test.each([
  ["engineKilled", /^502 http do: .* unexpected EOF$/],
  [
    "engineEnded",
    /^200 .*engine is shutting down.*"path":\["container","from","withExec","exitCode"\]/,
  ],
  ["engineRestarted", /^502 http do: .* unexpected EOF$/],
] as const)("a step fails with %s", async (kind, wanted) => {
  await using session = await startSessionDouble({
    lostSessionDelayMs: 0,
    faults: [{ operation: "withExec", contains: "deploy", calls: 1, kind }],
  });
  const run = (command: string) =>
    ask(
      session,
      `{ container { from(address: "a") { withExec(args: ["echo","${command}"]) { exitCode } } } }`,
    );
  expect((await run("build")).status).toBe(200);
  const { status, body } = await run("deploy");
  expect(`${status} ${body}`).toMatch(wanted);
  const after = await run("build");
  if (kind === "engineRestarted") expect(after.body).toContain("waiting for client session");
  else expect(after.status).toBe(502);
});

test("a step fails when the CLI ends", async () => {
  await using session = await startSessionDouble({
    faults: [{ operation: "from", kind: "cliGone" }],
  });
  await expect(ask(session, pull("a"))).rejects.toMatchObject({ code: "ECONNRESET" });
  await expect(ask(session, VERSION)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a reset connection leaves a shared step to its other callers", async () => {
  await using session = await startSessionDouble({
    faults: [
      { operation: "from", calls: 1, kind: "latency", latencyMs: 1_000 },
      { operation: "from", calls: 1, kind: "reset" },
    ],
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => ask(session, pull("a"))));
  expect(outcomes.map(({ status }) => status).sort()).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
  ]);
});

test("a host matches a rule and is counted with or without its port", async () => {
  await using session = await startSessionDouble({
    faults: [
      { host: "files.test:8080", contains: "/a", kind: "status", status: 503 },
      { host: "files.test", contains: "/b", kind: "status", status: 500 },
    ],
  });
  const fetch = (path: string) => `{ http(url: "http://files.test:8080/${path}") { contents } }`;
  expect(await messageOf(session, fetch("a"))).toContain("503");
  expect(await messageOf(session, fetch("b"))).toContain("500");
  expect(session.requestsTo("files.test:8080")).toBe(2);
  expect(session.requestsTo("files.test")).toBe(2);
  await messageOf(session, pull("busybox"));
  expect(session.requestsTo("docker.io")).toBe(session.requestsTo("registry-1.docker.io"));
  // The four requests are the manifest without a token, the manifest with a token, the platform's manifest,
  // and its configuration.
  expect(session.requestsTo("docker.io")).toBe(4);
});

test("a step fails with the user's own message", async () => {
  await using session = await startSessionDouble({
    faults: [{ operation: "withExec", kind: "message", message: "no space left on device" }],
  });
  const { body } = await ask(
    session,
    '{ container { from(address: "a") { withExec(args: ["true"]) { sync } } } }',
  );
  expect(body).toBe(
    '{"errors":[{"message":"no space left on device","path":["container","from","withExec","sync"]}],"data":null}',
  );
});

test.each([
  [{ calls: 2 }, "-x--"],
  [{ calls: [1, 3] }, "x-x-"],
  [{ calls: { from: 2 } }, "-xxx"],
  [{ calls: { to: 2 } }, "xx--"],
  [{ calls: { from: 2, to: 3 } }, "-xx-"],
  [{ host: "docker.io" }, "xxxx"],
  [{ host: "ghcr.io" }, "----"],
  [{ contains: "app:2" }, "--x-"],
  [{ probability: 0 }, "----"],
  [{ probability: 1 }, "xxxx"],
] as const)("the condition %j selects among four pulls: %s", async (condition, wanted) => {
  await using session = await startSessionDouble({
    faults: [{ operation: "from", ...condition, kind: "status", status: 503 }],
  });
  let met = "";
  for (const tag of [0, 1, 2, 3]) {
    met += (await messageOf(session, pull(`app:${tag}`))) === undefined ? "-" : "x";
  }
  expect(met).toBe(wanted);
});

test("the same seed gives the same faults, another seed others", async () => {
  const fates = async (seed: number) => {
    await using session = await startSessionDouble({
      seed,
      faults: [{ operation: "from", probability: 0.5, kind: "status", status: 503 }],
    });
    let met = "";
    for (let tag = 0; tag < 40; tag += 1) {
      met += (await messageOf(session, pull(`app:${tag}`))) === undefined ? "-" : "x";
    }
    return met;
  };
  const [first, again, other] = [await fates(7), await fates(7), await fates(8)];
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  expect(first).toMatch(/^(?=.*x)(?=.*-)/);
});

test("the user's own random numbers replace the seed", async () => {
  const numbers = [0.1, 0.9];
  await using session = await startSessionDouble({
    random: () => numbers.shift() ?? 0.9,
    faults: [{ operation: "from", probability: 0.5, kind: "status", status: 503 }],
  });
  expect(await messageOf(session, pull("app:1"))).toContain("503");
  expect(await messageOf(session, pull("app:2"))).toBeUndefined();
});

test("an outage is switched on and off", async () => {
  await using session = await startSessionDouble();
  const lift = session.fail({ host: "ghcr.io", kind: "refused" });
  expect(await messageOf(session, pull("ghcr.io/a/b:1"))).toContain("connection refused");
  lift();
  expect(await messageOf(session, pull("ghcr.io/a/b:1"))).toBeUndefined();
  session.setFaults([{ host: "ghcr.io", kind: "timeout" }]);
  expect(await messageOf(session, pull("ghcr.io/a/b:2"))).toContain("i/o timeout");
  session.setFaults([]);
  expect(await messageOf(session, pull("ghcr.io/a/b:2"))).toBeUndefined();
});

const requestCases: readonly [FaultRule, string, string, number][] = [
  [{ operation: "from", kind: "status", status: 429 }, "busybox", "registry-1.docker.io", 6],
  [{ operation: "from", kind: "status", status: 408 }, "busybox", "registry-1.docker.io", 6],
  [{ operation: "from", kind: "status", status: 429 }, "ghcr.io/a/b", "ghcr.io", 6],
  [{ operation: "from", kind: "status", status: 503 }, "busybox", "registry-1.docker.io", 3],
  [{ operation: "from", kind: "status", status: 503 }, "ghcr.io/a/b", "ghcr.io", 2],
  [{ operation: "from", kind: "status", status: 502 }, "busybox", "registry-1.docker.io", 2],
  [{ operation: "from", kind: "status", status: 503, at: "token" }, "busybox", "auth.docker.io", 1],
  [{ host: "auth.docker.io", kind: "status", status: 503 }, "busybox", "registry-1.docker.io", 1],
  [
    { operation: "from", kind: "status", status: 429, at: "layer" },
    "busybox",
    "registry-1.docker.io",
    9,
  ],
  [{ operation: "from", kind: "eof" }, "busybox", "registry-1.docker.io", 2],
  [{ operation: "from", kind: "dnsFailure" }, "registry.invalid/a", "registry.invalid", 1],
];

test.each(requestCases)(
  "%j of %s costs %s %i requests",
  async (fault, reference, host, requests) => {
    await using session = await startSessionDouble({ faults: [fault] });
    expect(await messageOf(session, pull(reference))).toBeDefined();
    expect(session.requestsTo(host)).toBe(requests);
  },
);

test("a wrong token, or none, gets 401 without a body whatever the engine does", async () => {
  await using session = await startSessionDouble();
  session.kill();
  // The last token has the right number of characters, but more bytes than the real token.
  for (const token of ["", "0".repeat(32), "é".repeat(32)]) {
    const { status, body } = await send(session, { token, body: "{}" });
    expect({ status, body }).toEqual({ status: 401, body: "" });
  }
});
