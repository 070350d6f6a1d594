/**
 * Tests the store in Redis with users, TLS and secrets, and in a process that ends without closing the
 * store.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRedis, redisStore } from "../../../src/fleet/redis/index.js";
import type { FleetStore } from "../../../src/fleet/store.js";
import { buildPackage, projectFolder } from "../../build.js";
import { admit, KEY, limit } from "../commands.js";
import { CLIENTS, CLUSTERS } from "./redis-clients.js";
import { startCluster } from "./redis-cluster.js";
import { freePort, RedisServer } from "./redis-server.js";

const PASSWORD = "s3cret-w0rd";
/** The rights that the documentation of `redisStore` asks for. */
const RIGHTS = [
  ...["on", `>${PASSWORD}`, "resetkeys", "~dcb:1:*", "resetchannels", "&dcb:1:*", "-@all"],
  ...["+eval", "+evalsha", "+time", "+hmget", "+exists", "+hset", "+pexpire", "+publish"],
  ...["+subscribe", "+unsubscribe", "+scan"],
];

let folder: string;
let server: RedisServer;
let cert: string;

beforeAll(async () => {
  folder = projectFolder("redis-store");
  cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
    ],
    { stdio: "ignore" },
  );
  server = await RedisServer.start({ tls: { cert, key } });
  await server.send("ACL", "SETUSER", "breaker", ...RIGHTS);
  symlinkSync(join(await buildPackage(), "dist"), join(folder, "dist"));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls every function of a store. */
async function useAll(store: FleetStore): Promise<void> {
  const scope = `secure-${Math.random().toString(36).slice(2)}`;
  const key = { scope, name: KEY.name };
  const heard: string[] = [];
  try {
    await store.open();
    const stop = store.subscribe(scope, ({ name }) => heard.push(name));
    await store.run(key, admit());
    expect((await store.run(key, limit())).snapshot.state).toBe("open");
    const resets = async () => {
      await store.run(key, { kind: "reset", reason: null, owner: "Ann" });
      return heard.length;
    };
    await expect.poll(resets).toBeGreaterThan(0);
    await store.run(key, { kind: "isolate", reason: "stop", owner: "Ann", expiresInMs: 1000 });
    await store.run(key, { kind: "release", reason: null, owner: "Ann" });
    expect((await store.list(scope)).map(({ name }) => name)).toEqual([KEY.name]);
    expect((await store.history(key)).at(-1)?.reason).toBe("release");
    stop();
  } finally {
    await store.close();
  }
}

describe.each(CLIENTS)("%s", (_name, make) => {
  test("the documented rights are enough for everything a store does", async () => {
    const url = server.url.replace("//", `//breaker:${PASSWORD}@`);
    await useAll(redisStore({ client: make(url) }));
  });

  test.each(["-hset", "-evalsha"])(
    "with %s, the error names the place of the documented rights",
    async (less) => {
      await server.send("ACL", "SETUSER", "weak", ...RIGHTS, less);
      const url = server.url.replace("//", `//weak:${PASSWORD}@`);
      const store = redisStore({ client: make(url) });
      await expect(store.run(KEY, admit())).rejects.toThrow(
        "; the documentation of redisStore lists the rights that its user needs",
      );
      await store.close();
    },
  );

  test("TLS with your own certificate, user and password", async () => {
    const url = `rediss://breaker:${PASSWORD}@localhost:${server.tlsPort}`;
    await useAll(redisStore({ client: make(url, { ca: readFileSync(cert) }) }));
  });

  test("no error shows a password, in any rendering", async () => {
    const port = await freePort();
    const wrong = [
      make(`redis://breaker:${PASSWORD}x@127.0.0.1:${server.port}`),
      make(`redis://breaker:${PASSWORD}@127.0.0.1:${port}`),
      make(`rediss://breaker:${PASSWORD}@localhost:${server.tlsPort}`),
    ];
    for (const client of wrong) {
      const store = redisStore({ client });
      const error = await store.run(KEY, admit()).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(PASSWORD);
      await store.close();
    }
  });

  test("reports a server that does not support the login, without the password", async () => {
    const unknown = ["--rename-command", "HELLO", "", "--rename-command", "AUTH", ""];
    const strange = await RedisServer.start({ config: unknown });
    const store = redisStore({ client: make(strange.url.replace("//", `//me:${PASSWORD}@`)) });
    const error = await store.open().catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/unknown command '(?:HELLO|auth)'$/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(PASSWORD);
    await store.close();
    await strange.close();
  });
});

describe.each(CLUSTERS)("a cluster, %s", (_name, make) => {
  test("needs one more right", async () => {
    const cluster = await startCluster();
    for (const one of cluster) {
      await one.send("ACL", "SETUSER", "default", ...RIGHTS, "nopass", "+cluster|slots");
    }
    await useAll(redisStore({ client: make(cluster.map(({ port }) => port)) }));
    await Promise.all(cluster.map((one) => one.close()));
  });
});

test.each([
  "redis:",
  `http://breaker:${PASSWORD}@host`,
  `redis://breaker:${PASSWORD}@host/name`,
  `redis://breaker:${PASSWORD}%@host`,
  `redis://breaker:${PASSWORD}@ho st`,
])("rejects the URL %# without showing it", async (url) => {
  const error = await openRedis(url).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RangeError);
  expect(String(error)).toContain("expected redis://HOST[:PORT][/DATABASE]");
  expect(inspect(error, { showHidden: true })).not.toContain(PASSWORD);
});

/** Runs a program in its own process. Resolves to its output when it has ended. */
async function runProgram(text: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, text);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 200_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (data) => {
      output += data;
    });
  }
  const [status, signal] = await once(child, "close");
  return `${output.trim()} ${status ?? signal}`;
}

const MAKES = {
  "node-redis":
    'import { createClient } from "@redis/client"; const make = (url) => createClient({ url });',
  ioredis:
    'import { Redis } from "ioredis"; const make = (url) => new Redis(url, { lazyConnect: true });',
};

describe.each(Object.entries(MAKES))("a process with %s", (_name, make) => {
  const program = (url: string) => `
    import { redisStore } from "./dist/fleet/redis/index.js";
    ${make}
    const store = redisStore({ client: make(${JSON.stringify(url)}) });
    const stop = store.subscribe("default", () => {});
    const known = await store.list("none").catch((error) => [error.code]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    console.log(known.join() || "none");
  `;

  test("ends by itself while a store is open and listens", async () => {
    expect(await runProgram(program(server.url))).toBe("none 0");
  });

  test("ends by itself a second after a server fell silent", async () => {
    const silent = await RedisServer.start();
    const text = `
      import { redisStore } from "./dist/fleet/redis/index.js";
      ${make}
      const store = redisStore({ client: make(${JSON.stringify(silent.url)}) });
      await store.open();
      process.kill(${silent.pid}, "SIGSTOP");
      store.list("none").catch(() => {});
      const startedMs = performance.now();
      process.on("exit", () => console.log(performance.now() - startedMs < 3000));
    `;
    expect(await runProgram(text)).toBe("true 0");
    await silent.close();
  });

  test("ends by itself while a store cannot connect", async () => {
    const port = await freePort();
    expect(await runProgram(program(`redis://127.0.0.1:${port}`))).toBe("FLEET_STORE 0");
  });
});

test("a rediss URL trusts the authorities in Node's variable", async () => {
  const url = `rediss://breaker:${PASSWORD}@localhost:${server.tlsPort}`;
  const text = `
    import { openRedis } from "./dist/fleet/redis/index.js";
    const store = await openRedis(${JSON.stringify(url)});
    console.log((await store.list("none").catch((error) => [error.message])).join() || "none");
  `;
  expect(await runProgram(text, { NODE_EXTRA_CA_CERTS: cert })).toBe("none 0");
  // Later versions of Node append advice to the message.
  expect(await runProgram(text)).toMatch(/^Redis cannot be reached: self-signed certificate.* 0$/);
});
