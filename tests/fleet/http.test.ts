/**
 * Tests shared circuits over HTTP: the rules, rejections, and servers that end, hang or are another
 * program.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { httpStore, startFleetServer } from "../../src/fleet/http/index.js";
import type { KeyedCommand } from "../../src/fleet/http/protocol.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { openStore } from "../../src/fleet/open-store.js";
import type { FleetCommand } from "../../src/fleet/rules/command.js";
import type { FleetEntry, FleetStore, OnUnreadable } from "../../src/fleet/store.js";
import { FleetStoreError, UnreadableCircuitError } from "../../src/fleet/store-error.js";
import { fleetStoreConformance } from "../../src/testing/fleet/index.js";
import { admit, KEY, limit, settle } from "./commands.js";
import { ask, clientOf, openStream, post, sendRaw, startServer, TOKEN } from "./http-scene.js";

const READ = { kind: "read" } as const;

/** Starts a server that is not ours, on a free port. The test gives its answers. */
async function startOther(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * Returns a store that records the names of the circuits it is asked about. It replies when the test
 * releases it.
 */
function slowStore() {
  const inner = memoryStore();
  const asked: string[] = [];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const store: FleetStore = Object.assign(Object.create(inner), {
    list: (scope: string) => inner.list(scope),
    async run(key: typeof KEY, command: Parameters<FleetStore["run"]>[1]) {
      asked.push(key.name);
      if (key.name === "slow") await gate;
      return inner.run(key, command);
    },
  });
  return { store, asked, release };
}

describe("the conformance suite", () => {
  const shared = memoryStore();
  const server = startFleetServer({ store: shared, token: TOKEN });
  const cases = fleetStoreConformance({
    open: async () => httpStore({ url: (await server).url, token: TOKEN, timeoutMs: 20_000 }),
  });
  test.each(cases)("$title", ({ run }) => run());
  test("the server ends", async () => (await server).close());
});

test("health returns ok without a token, and nothing else", async () => {
  const { url } = await startServer();
  expect(await ask(url, "/1/health", { headers: {} })).toMatchObject({ status: 200, body: "ok\n" });
});

test.each([
  ["none", {}],
  ["another", { authorization: "Bearer another-token-of-tests-0123" }],
  ["a longer one", { authorization: `Bearer ${TOKEN}0` }],
  ["one in another scheme", { authorization: `Basic ${TOKEN}` }],
])("without the token (%s) no data is returned", async (_, headers) => {
  const { url } = await startServer();
  for (const path of ["/1/commands", "/1/circuits?scope=a", "/1/history", "/1/events", "/x"]) {
    const answer = await ask(url, path, { headers });
    expect(answer).toMatchObject({ status: 401, body: '{"error":"wrong token"}' });
  }
  const answer = await ask(url, "/1/commands", { method: "POST", headers, body: "[]" });
  expect(answer.status).toBe(401);
});

test("a client with another token fails, and shows neither", async () => {
  const { url } = await startServer();
  const token = "another-token-of-tests-0123";
  const client = clientOf(url, { token });
  const error = await client.run(KEY, READ).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FleetStoreError);
  expect(String(error)).toBe(
    `FleetStoreError: the store at ${url} answered with status 401: wrong token`,
  );
  await expect(client.open()).rejects.toThrow("status 401");
});

test.each([
  ["GET", "/1/commands"],
  ["POST", "/1/circuits?scope=a"],
  ["PUT", "/1/health"],
  ["GET", "/"],
  ["GET", "/2/commands"],
])("there is nothing at %s %s", async (method, path) => {
  const { url } = await startServer();
  expect(await ask(url, path, { method })).toMatchObject({ status: 404 });
});

test.each([
  ["", "the body is not JSON"],
  ["{", "the body is not JSON"],
  ["\u0000", "the body is not JSON"],
  ["{}", "the body is not a JSON list of at most 1000 commands"],
  ["null", "the body is not a JSON list of at most 1000 commands"],
  [JSON.stringify(Array(1001).fill(0)), "the body is not a JSON list of at most 1000 commands"],
])("rejects the body %.20j", async (body, error) => {
  const { url } = await startServer();
  const answer = await post(url, body);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({ error });
});

test("a client of the version before, which sends no word more than it did, is served", async () => {
  const { url } = await startServer();
  const { status, body } = await post(url, [
    { key: KEY, command: admit() },
    { key: KEY, command: settle({ successes: 0, failures: 1 }) },
    { key: KEY, command: READ },
  ]);
  expect(status).toBe(200);
  const answers = JSON.parse(body);
  expect(answers).toMatchObject([{ reply: { admitted: 1 } }, { reply: { counted: 1 } }, {}]);
  expect(Object.keys(answers[2].reply)).not.toContain("report");
  const { report } = await clientOf(url).run(KEY, { kind: "read", report: true });
  // A client learns from the first reply whether the server counts, so the first command reports no counts.
  expect(report).toBeUndefined();
});

test("a client detects whether the server counts, and sends no new field to a server of the previous version", async () => {
  const asked: unknown[] = [];
  let counts = false;
  const memory = memoryStore();
  const url = await startOther(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const entries: KeyedCommand[] = JSON.parse(body);
    asked.push(...entries.map(({ command }) => command));
    if (counts) response.setHeader("dagger-breaker-commands", "2");
    const replies = entries.map(async ({ key, command }) => ({
      reply: await memory.run(key, command),
    }));
    response.end(JSON.stringify(await Promise.all(replies)));
  });
  const store = clientOf(url);
  const reporter = { id: "a", host: "b", run: null };
  const faults = [{ fault: "git", limited: false, count: 1 }];
  const words: readonly FleetCommand[] = [
    admit({ reporter }),
    settle({ successes: 0, failures: 1, faults }),
    { kind: "tell", rejections: 1, runs: [], failedRunsMs: [] },
    { kind: "read", report: true },
  ];
  for (const command of words) await store.run(KEY, command);
  const { faults: _, ...settled } = settle({ successes: 0, failures: 1 });
  expect(asked).toEqual([admit(), settled, READ, READ]);
  counts = true;
  await store.open();
  asked.length = 0;
  for (const command of words) await store.run(KEY, command);
  expect(asked).toEqual(words);
});

test("an invalid command does not affect the others", async () => {
  const { url } = await startServer();
  const { status, body } = await post(url, [
    { key: KEY, command: settle() },
    { key: KEY, command: { kind: "drop" } },
    { key: KEY, command: READ },
  ]);
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject([
    { reply: { counted: 1 } },
    {
      error:
        'the entry.command.kind is "drop", expected admit, settle, tell, read, isolate, release, reset',
    },
    { reply: { snapshot: { counts: { successes: 1 } } } },
  ]);
});

test.each([
  [admit({ count: 1_001 }), "command.count is 1001, expected a whole number from 1 to 1000"],
  [
    admit({ policy: { ...admit().policy, halfOpenMaxCalls: 1_001 } }),
    "command.policy.halfOpenMaxCalls is 1001, expected a whole number from 1 to 1000",
  ],
  [settle({ successes: 2e9 }), "command.successes is 2000000000, expected a whole number from 0"],
])("rejects commands that would make a circuit grow without end, %#", async (command, error) => {
  const { url } = await startServer();
  const { body } = await post(url, [{ key: KEY, command }]);
  expect(JSON.parse(body)).toMatchObject([{ error: expect.stringContaining(error) }]);
});

test.each(["/1/circuits", "/1/circuits?scope=a%20b", "/1/history?scope=a", "/1/events?scope="])(
  "rejects the question %s",
  async (path) => {
    const { url } = await startServer();
    expect(await ask(url, path)).toMatchObject({ status: 400 });
  },
);

test("rejects a body that is too long before reading it", async () => {
  const { url } = await startServer();
  const head = `POST /1/commands HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n`;
  const told = await sendRaw(url, `${head}content-length: 999999999999\r\n\r\n[`);
  expect(told).toMatch(/^HTTP\/1.1 413 /);
  const chunk = "x".repeat(1024 * 1024);
  const chunks = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(5);
  const untold = await sendRaw(url, `${head}transfer-encoding: chunked\r\n\r\n${chunks}`);
  // A reset can arrive before the response. A success must never arrive.
  expect(untold).toMatch(/^(HTTP\/1.1 413 |$)/);
  expect(await ask(url, "/1/health")).toMatchObject({ status: 200 });
});

test.each(["nonsense\r\n\r\n", "GET /1/health HTTP/9.9\r\n\r\n", `GET /${"x".repeat(99_999)}`])(
  "the bytes %.30j end their connection and no other",
  async (bytes) => {
    const { url } = await startServer();
    expect(await sendRaw(url, bytes)).toMatch(/^HTTP\/1.1 4/);
    expect(await ask(url, "/1/health")).toMatchObject({ status: 200 });
  },
);

test("accepts no more connections than configured, and half as many streams", async () => {
  const { url } = await startServer({ maxConnections: 2 });
  const { socket: stream } = await openStream(url, "a");
  expect(await ask(url, "/1/events?scope=a")).toMatchObject({ status: 503 });
  const client = clientOf(url);
  // The rejected connection may occupy its slot for a moment longer.
  await vi.waitFor(() => client.list("a"));
  expect(await ask(url, "/1/circuits?scope=a")).toMatchObject({
    status: 503,
    body: '{"error":"too many connections are open"}',
    headers: { connection: "close" },
  });
  expect((await ask(url, "/1/health")).status).toBe(200);
  stream.destroy();
  const free = async () => expect((await ask(url, "/1/circuits?scope=a")).status).toBe(200);
  await vi.waitFor(free);
});

test("connections without a token block no client", async () => {
  const { url } = await startServer({ maxConnections: 2 });
  const { hostname, port } = new URL(url);
  const strangers = Array.from({ length: 1100 }, (_, index) => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    // A third of the connections send nothing. A third send a head that never ends. A third send a request
    // without a token.
    if (index % 3 === 1) socket.write("POST /1/commands HTTP/1.1\r\nhost: x\r\nx: ");
    if (index % 3 === 2) socket.write("GET /1/circuits HTTP/1.1\r\nhost: x\r\n\r\n");
    return socket;
  });
  onTestFinished(() => {
    for (const socket of strangers) socket.destroy();
  });
  await Promise.all(strangers.map((socket) => once(socket, "connect")));
  expect((await ask(url, "/1/health")).status).toBe(200);
  expect(await clientOf(url).run(KEY, settle())).toMatchObject({ counted: 1 });
});

test("rejects a head of more than 16 KiB", async () => {
  const { url } = await startServer();
  const head = `GET /1/health HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(17_000)}\r\n\r\n`;
  expect(await sendRaw(url, head)).toMatch(/^HTTP\/1.1 431 /);
});

test("sends the commands of one turn in one request, and the next waits for its reply", async () => {
  const { store, asked, release } = slowStore();
  const { url } = await startServer({ store });
  const client = clientOf(url);
  const first = ["slow", "b", "a"].map((name) => client.run({ ...KEY, name }, settle()));
  await vi.waitFor(() => expect(asked).toEqual(["slow", "b", "a"]));
  const second = client.run({ ...KEY, name: "c" }, settle());
  // A request on another connection gets a reply. The second request would have arrived by now if it had
  // been sent.
  expect(await client.list("elsewhere")).toEqual([]);
  expect(asked).toEqual(["slow", "b", "a"]);
  release();
  await Promise.all([...first, second]);
  expect(asked).toEqual(["slow", "b", "a", "c"]);
});

test("a thousand commands at once all run in order, however many fit in a request", async () => {
  const { url } = await startServer();
  const client = clientOf(url);
  const replies = await Promise.all(Array.from({ length: 2500 }, () => client.run(KEY, settle())));
  expect(replies.map(({ snapshot }) => snapshot.counts.successes)).toEqual(
    Array.from({ length: 2500 }, (_, index) => index + 1),
  );
});

test("drops a command that waits too long, unsent", async () => {
  const { store, asked, release } = slowStore();
  const { url } = await startServer({ store });
  const client = clientOf(url, { timeoutMs: 200 });
  const first = client.run({ ...KEY, name: "slow" }, settle());
  await vi.waitFor(() => expect(asked).toEqual(["slow"]));
  const second = client.run({ ...KEY, name: "late" }, settle());
  await expect(first).rejects.toThrow(`the store at ${url} gave no answer within 200 ms`);
  const [outcome] = await Promise.allSettled([second]);
  release();
  // The second command began to wait a little later than the first, so it may have been sent just in time.
  if (outcome?.status === "rejected") expect(asked).toEqual(["slow"]);
  else expect(asked).toEqual(["slow", "late"]);
});

test("a command whose reply is lost is not sent again", async () => {
  let bodies = 0;
  const url = await startOther((request) => {
    request.resume().on("end", () => {
      bodies += 1;
      request.socket.destroy();
    });
  });
  const client = clientOf(url);
  await expect(client.run(KEY, settle())).rejects.toThrow(
    `the store at ${url} cannot be reached (ECONNRESET)`,
  );
  await expect(client.run(KEY, settle())).rejects.toThrow("ECONNRESET");
  expect(bodies).toBe(2);
});

test.each([
  ["a page", 200, "<html>"],
  ["an object", 200, "{}"],
  ["too few answers", 200, "[]"],
  ["an answer that is none", 200, "[5]"],
  ["an answer that lets in more calls than asked for", 200, '[{"reply":{"admitted":2}}]'],
  ["an error of its own", 502, "bad gateway"],
])("%s of another server is not a valid reply", async (_, status, body) => {
  const url = await startOther((_request, response) => response.writeHead(status).end(body));
  const client = clientOf(url);
  await expect(client.run(KEY, admit())).rejects.toMatchObject({ code: "FLEET_STORE" });
  // The body `[]` is valid for lists of circuits and of changes.
  if (body === "[]") return;
  await expect(client.history(KEY)).rejects.toMatchObject({ code: "FLEET_STORE" });
  await expect(client.list(KEY.scope)).rejects.toMatchObject({ code: "FLEET_STORE" });
});

test("does not follow a redirect, and sends the token nowhere else", async () => {
  let asked = 0;
  const other = await startOther((_request, response) => {
    asked += 1;
    response.end("[]");
  });
  const url = await startOther((_request, response) =>
    response.writeHead(307, { location: `${other}/1/commands` }).end(),
  );
  await expect(clientOf(url).open()).rejects.toThrow(
    `the store at ${url} answered with status 307`,
  );
  expect(asked).toBe(0);
});

test("a page of another program with status 200 is reported as an invalid reply", async () => {
  const url = await startOther((_request, response) => response.end("<html>Log in</html>"));
  await expect(clientOf(url).open()).rejects.toThrow(`the store at ${url} gave an invalid reply`);
});

test("uses no proxy from the environment", async () => {
  vi.stubEnv("HTTP_PROXY", "http://127.0.0.1:1");
  vi.stubEnv("http_proxy", "http://127.0.0.1:1");
  vi.stubEnv("NODE_USE_ENV_PROXY", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { url } = await startServer();
  await clientOf(url).open();
});

test("texts of a server cannot control a terminal", async () => {
  const url = await startOther((_request, response) =>
    response.writeHead(500).end(JSON.stringify({ error: `\u001b[2J${"x".repeat(999)}` })),
  );
  const error = await clientOf(url)
    .open()
    .catch((caught: unknown) => String(caught));
  expect(error).toBe(
    `FleetStoreError: the store at ${url} answered with status 500: ?[2J${"x".repeat(296)}`,
  );
});

test("reconnects to a server that ends and returns", async () => {
  const store = memoryStore();
  const server = await startFleetServer({ store, token: TOKEN });
  const client = clientOf(server.url);
  const heard: FleetEntry[] = [];
  const stop = client.subscribe(KEY.scope, (entry) => heard.push(entry));
  await client.run(KEY, settle());
  await server.close();
  await expect(client.run(KEY, settle())).rejects.toThrow(
    /^the store at \S+ cannot be reached \(ECONN(REFUSED|RESET)\)$/,
  );
  const port = Number(new URL(server.url).port);
  const again = await startFleetServer({ store, token: TOKEN, port });
  onTestFinished(() => again.close());
  expect((await client.run(KEY, READ)).snapshot.counts.successes).toBe(1);
  // The stream takes a while to reconnect, and changes before that are lost.
  await vi.waitFor(async () => {
    await client.run(KEY, { kind: "reset", reason: null, owner: "Ann" });
    expect(heard.length).toBeGreaterThan(0);
  });
  stop();
});

test("pushes changes to listeners of that scope, and to none after its end", async () => {
  const { url } = await startServer();
  const [client, other] = [clientOf(url), clientOf(url)];
  const heard: string[] = [];
  const stop = other.subscribe(KEY.scope, ({ name, snapshot }) =>
    heard.push(`${name} ${snapshot.state}`),
  );
  const elsewhere: FleetEntry[] = [];
  other.subscribe("elsewhere", (entry) => elsewhere.push(entry));
  await vi.waitFor(async () => {
    await client.run({ ...KEY, name: "first" }, { kind: "reset", reason: null, owner: "Ann" });
    expect(heard).toContain("first closed");
  });
  await client.run(KEY, limit());
  await vi.waitFor(() => expect(heard).toContain(`${KEY.name} open`));
  stop();
  const before = heard.length;
  await client.run({ ...KEY, name: "last" }, limit());
  await client.list(KEY.scope);
  expect(heard).toHaveLength(before);
  expect(elsewhere).toEqual([]);
});

test("a stream sends heartbeats while nothing changes", async () => {
  const { url } = await startServer({ heartbeatMs: 10 });
  const { socket } = await openStream(url, "a");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  await vi.waitFor(() => expect(text.split(":\n\n").length).toBeGreaterThan(3));
});

test("disconnects a client that does not read, and still pushes to the others", async () => {
  const { url } = await startServer({ maxConnections: 10 });
  const { socket: lazy } = await openStream(url, KEY.scope);
  lazy.pause();
  for (const scope of ["a", "b", "c", "d"]) await openStream(url, scope);
  expect(await ask(url, "/1/events?scope=e")).toMatchObject({ status: 503 });
  const client = clientOf(url);
  const reason = "x".repeat(1000);
  const isolate = { kind: "isolate", owner: "Ann", reason, expiresInMs: 1 } as const;
  // The server accepts another stream only after it has closed the slow one.
  await vi.waitFor(
    async () => {
      await Promise.all(Array.from({ length: 1000 }, () => client.run(KEY, isolate)));
      expect((await openStream(url, KEY.scope)).head).toMatch(/^HTTP\/1.1 200/);
    },
    { interval: 10 },
  );
});

test("a failing store's message goes only to the server's owner", async () => {
  const heard: unknown[] = [];
  const inner = memoryStore();
  await inner.close();
  const onStoreError = (error: unknown, lostCount: number) => heard.push([error, lostCount]);
  const { url } = await startServer({ store: inner, onStoreError });
  const client = clientOf(url);
  await expect(client.run(KEY, READ)).rejects.toThrow(
    `the store at ${url} refused a command: the store of the server failed`,
  );
  await expect(client.list(KEY.scope)).rejects.toThrow(
    `the store at ${url} answered with status 503: the store of the server failed`,
  );
  await expect(client.run(KEY, settle({ successes: 3 }))).rejects.toThrow("failed");
  const error = expect.any(FleetStoreError);
  expect(heard).toEqual([
    [error, 0],
    [error, 0],
    [error, 3],
  ]);
});

test("reports a circuit that a list leaves out to the server's owner", async () => {
  const lost = new UnreadableCircuitError("the key is no circuit");
  const heard: unknown[] = [];
  const store: FleetStore = Object.assign(Object.create(memoryStore()), {
    async list(_scope: string, onUnreadable?: OnUnreadable) {
      onUnreadable?.("a", lost);
      return [];
    },
  });
  const { url } = await startServer({ store, onStoreError: (error) => heard.push(error) });
  expect(await clientOf(url).list(KEY.scope)).toEqual([]);
  expect(heard).toEqual([lost]);
});

test("a closed client rejects with that reason, after commands in flight", async () => {
  const { url } = await startServer();
  const client = clientOf(url);
  const last = client.run(KEY, settle());
  await client.close();
  expect((await last).counted).toBe(1);
  await expect(client.run(KEY, READ)).rejects.toThrow(`the store at ${url} is closed`);
  expect(client.subscribe(KEY.scope, () => undefined)()).toBeUndefined();
});

test("a URL may have a path", async () => {
  const asked: unknown[] = [];
  const url = await startOther((request, response) => {
    asked.push(request.url);
    response.end("[]");
  });
  await clientOf(`${url}/fleet/`).open();
  await (await openStore(`${url}/fleet`, { token: TOKEN })).open();
  expect(asked).toEqual(["/fleet/1/commands", "/fleet/1/commands"]);
});

test.each([
  [
    { url: 5 },
    'httpStore option "url" is of type number, expected http://HOST:PORT or https://HOST:PORT',
  ],
  [
    { url: "secret" },
    'httpStore option "url" is invalid, expected http://HOST:PORT or https://HOST:PORT',
  ],
  [
    { url: "http://ann:secret@host" },
    'httpStore option "url" must not contain credentials; put the token into the option "token"',
  ],
  [
    { url: "http://host?secret" },
    'httpStore option "url" has a query or a fragment, expected http://HOST:PORT or https://HOST:PORT',
  ],
  [
    { token: "secret" },
    'httpStore option "token" has 6 characters; expected 16 to 512 visible characters of ASCII without spaces',
  ],
  [
    { token: "secret secret secret" },
    'httpStore option "token" has 20 characters, some of them not allowed; expected 16 to 512 visible characters of ASCII without spaces',
  ],
  [
    { token: undefined },
    'httpStore option "token" is missing, expected 16 to 512 visible characters of ASCII without spaces',
  ],
  [
    { timeoutMs: 0.5 },
    'httpStore option "timeoutMs" is 0.5, expected a number of milliseconds from 1 to 60000',
  ],
])("rejects the options %j without showing a secret", (wrong, message) => {
  const options = { url: "http://localhost:1", token: TOKEN, ...wrong };
  expect(() => httpStore(options as Parameters<typeof httpStore>[0])).toThrow(
    expect.objectContaining({ message }),
  );
});
