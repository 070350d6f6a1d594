/** Tests `dagger-breaker serve --notify` as a process, with a receiver over HTTP. */

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { builtCli } from "../cli/built-cli.js";
import { describeWhere } from "../only-where.js";
import { KEY, limit } from "./commands.js";
import { clientOf } from "./http-scene.js";
import { hasSqlite, startServe, urlOf } from "./serve-process.js";

const cli = builtCli();
const PATH = "/services/T0/B0/hunter2";
const KEY_BYTES = Buffer.from("a-key-of-at-least-24-bytes");

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Starts a receiver of notifications. By default it answers as Slack does. */
async function startReceiver(
  answer: (response: ServerResponse, count: number) => void = (response) => response.end("ok"),
) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.url === PATH) received.push({ headers: request.headers, body });
    answer(response, received.length);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { received, url: `http://127.0.0.1:${port}${PATH}` };
}

function startNotifying(name: string, notify: string, more: readonly string[] = []) {
  const database = join(cli.folder, `${name}.db`);
  const args = ["--listen", "127.0.0.1:0", "--database", database, "--notify", notify, ...more];
  return startServe(cli, args);
}

describeWhere(hasSqlite)("with node:sqlite", () => {
  test("each opening, isolation, release and closing is posted once, signed, in a form that Slack shows", async () => {
    const secretFile = join(cli.folder, "secret");
    writeFileSync(secretFile, `whsec_${KEY_BYTES.toString("base64")}\n`);
    const { received, url } = await startReceiver();
    const serving = startNotifying("signed", url, ["--notify-secret-file", secretFile]);
    const client = clientOf(await urlOf(serving));
    await client.run(KEY, limit());
    const by = { owner: "ada@ops-1", reason: "maintenance" };
    await client.run(KEY, { kind: "isolate", expiresInMs: 60_000, ...by });
    await client.run(KEY, { kind: "release", ...by });
    await client.run(KEY, limit());
    await client.run(KEY, { kind: "reset", ...by });
    await vi.waitFor(() => expect(received).toHaveLength(5));
    const bodies = received.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ event, lostCount }) => [event, lostCount])).toEqual([
      ["opened", 0],
      ["isolated", 0],
      ["released", 0],
      ["opened", 0],
      ["closed", 0],
    ]);
    expect(bodies[0].text).toBe(
      "Circuit registry:docker.io opened (scope default): rate limit (rate-limit), by host, next probe in 1 min.",
    );
    expect(new Set(bodies.map(({ id }) => id)).size).toBe(5);
    for (const { headers, body } of received) {
      const { "webhook-id": id, "webhook-timestamp": timestamp } = headers;
      expect(id).toBe(JSON.parse(body).id);
      expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(300);
      const signature = createHmac("sha256", KEY_BYTES).update(`${id}.${timestamp}.${body}`);
      expect(headers["webhook-signature"]).toBe(`v1,${signature.digest("base64")}`);
    }
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toEqual([0, null]);
    expect(serving.output.stderr).toBe("");
  });

  test("a failing receiver is tried three times while commands are answered, and its address is not shown", async () => {
    const { received, url } = await startReceiver((response) => {
      response.writeHead(503, { "retry-after": "0" }).end();
    });
    const serving = startNotifying("failing", url);
    const client = clientOf(await urlOf(serving));
    expect((await client.run(KEY, limit())).changes).toHaveLength(1);
    expect((await client.run(KEY, { kind: "read" })).snapshot.state).toBe("open");
    await vi.waitFor(() => expect(serving.output.stderr).not.toBe(""));
    expect(received).toHaveLength(3);
    expect(serving.output.stderr).toBe(
      "dagger-breaker serve: a notification was lost: the receiver answered with status 503\n",
    );
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toEqual([0, null]);
  });

  test("SIGTERM ends it although the receiver is silent, and reports what was lost", async () => {
    const { received, url } = await startReceiver(() => undefined);
    const database = join(cli.folder, "silent.db");
    // Sets the URL in a variable, as the page advises, because other users can read arguments but not
    // variables.
    const env = { DAGGER_BREAKER_NOTIFY_URL: url };
    const serving = startServe(cli, ["--listen", "127.0.0.1:0", "--database", database], env);
    const client = clientOf(await urlOf(serving));
    await client.run(KEY, limit());
    await vi.waitFor(() => expect(received).toHaveLength(1));
    serving.child.kill("SIGTERM");
    expect(await serving.ended).toEqual([0, null]);
    expect(serving.output.stderr).toBe(
      "dagger-breaker serve: a notification was lost: the server is stopping\n",
    );
  });

  test("two servers of one file post each change once", async () => {
    const { received, url } = await startReceiver();
    const first = startNotifying("shared", url);
    await urlOf(first);
    const second = startNotifying("shared", url);
    const clients = [clientOf(await urlOf(first)), clientOf(await urlOf(second))];
    for (const [index, client] of clients.entries()) {
      await client.run({ ...KEY, name: `git:host-${index}.example.com` }, limit());
    }
    await vi.waitFor(() => expect(received.length).toBeGreaterThanOrEqual(2));
    for (const { child } of [first, second]) child.kill("SIGTERM");
    await Promise.all([first.ended, second.ended]);
    const names = received.map(({ body }) => JSON.parse(body).name);
    expect(names.sort()).toEqual(["git:host-0.example.com", "git:host-1.example.com"]);
  });
});

test("a wrong address is wrong usage and is not shown", async () => {
  const serving = startServe(cli, ["--notify", "https//hooks.example/hunter2"]);
  expect(await serving.ended).toEqual([64, null]);
  expect(serving.output.stderr).toBe(
    "error: invalid --notify: it is not a URL; use https://HOST/PATH (the value is not shown, since it may be a secret)\nsee: dagger-breaker serve --help\n",
  );
});
