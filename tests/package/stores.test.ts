/** Tests that a user's project works without the clients of stores, and uses clients that are installed. */

import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RedisServer } from "../fleet/redis/redis-server.js";
import { createProject, installed, type Project, readManifest } from "./project.js";

const { name: PACKAGE } = await readManifest();
const NEEDS_A_CLIENT =
  "a store in Redis needs a client, but none is installed next to dagger-circuit-breaker. If " +
  'dagger-circuit-breaker is installed in a project, run "npm install @redis/client" there. If it is ' +
  'installed globally, run "npm install --global @redis/client" ("ioredis" works too)';
const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

/** Runs a program of the project. Returns its output, which must be a single JSON value. */
async function printed(project: Project, program: string, args: readonly string[] = []) {
  await project.write("program.js", program);
  const { code, stdout, stderr } = await project.run("program.js", {}, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

/**
 * Returns a program that isolates a circuit in one fleet, and prints how a second fleet on the same store
 * sees it.
 */
const sharing = (options: string) => `
  import { CircuitBreaker } from "${PACKAGE}";
  import { createFleet } from "${PACKAGE}/fleet";

  const join = async () => {
    const fleet = createFleet({ ...${options}, timeoutMs: 10_000 });
    const opened = await fleet.open({ timeoutMs: 10_000 });
    const breaker = new CircuitBreaker({ name: "hub", trip: { badSeconds: 3, windowMs: 60_000 } });
    return { fleet, opened, circuit: fleet.share(breaker) };
  };
  const [mine, theirs] = [await join(), await join()];
  await mine.circuit.isolate({ reason: "moves", owner: "ada", expiresInMs: 60_000 });
  const { name, isolatedBy } = await theirs.circuit.execute(() => {}).catch((error) => error);
  console.log(JSON.stringify({ opened: [mine.opened, theirs.opened], name, isolatedBy }));
  for (const { fleet } of [mine, theirs]) await fleet.close();
`;
const SHARED = { opened: [true, true], name: "SharedCircuitOpenError", isolatedBy: "ada" };
/** Opens the store by its URL, as the command line does. */
const BY_URL = sharing("{ store: process.argv[2] }");

describe("without a client of Redis", () => {
  let project: Project;
  beforeAll(async () => {
    project = await createProject({});
  });
  afterAll(() => project.remove());

  test("openStore names the package to install", async () => {
    const text = `
      import { isFleetStoreError, openStore } from "${PACKAGE}/fleet";
      const error = await openStore("redis://user:hunter2@127.0.0.1").catch((error) => error);
      console.log(JSON.stringify([isFleetStoreError(error), error.message]));
    `;
    expect(await printed(project, text)).toEqual([true, NEEDS_A_CLIENT]);
  });

  test("a fleet gives the package to install as the reason, and its calls continue", async () => {
    const text = `
      import { CircuitBreaker } from "${PACKAGE}";
      import { createFleet } from "${PACKAGE}/fleet";
      const fleet = createFleet({ store: "redis://user:hunter2@127.0.0.1" });
      const reasons = [];
      fleet.on("storeDown", ({ reason }) => reasons.push(reason));
      const opened = await fleet.open();
      const breaker = fleet.share(new CircuitBreaker({ name: "hub", trip: { badSeconds: 3, windowMs: 60_000 } }));
      const called = await breaker.execute(() => "called");
      await fleet.close();
      console.log(JSON.stringify({ opened, reasons, called }));
    `;
    const expected = { opened: false, reasons: [NEEDS_A_CLIENT], called: "called" };
    expect(await printed(project, text)).toEqual(expected);
  });

  test("the program names the package to install, and loads it from beside the package", async () => {
    const program = join("node_modules", PACKAGE, "dist/cli/main.js");
    const status = () => project.run(program, {}, ["status", "--store", "redis://127.0.0.1:1"]);
    expect((await status()).stderr).toContain(NEEDS_A_CLIENT);
    // npm install --global puts packages into the folder that contains this package.
    const client = join(project.folder, "node_modules/@redis");
    await mkdir(client);
    await symlink(installed("@redis/client"), join(client, "client"));
    try {
      const { code, stderr } = await status();
      expect(stderr).not.toContain("client");
      expect(code).not.toBe(0);
    } finally {
      await rm(client, { recursive: true });
    }
  });

  test("a circuit is shared over HTTP", async () => {
    const program = `
      import { memoryStore, startFleetServer } from "${PACKAGE}/fleet";
      const [, , token] = process.argv;
      const server = await startFleetServer({ store: memoryStore(), token });
      ${sharing("{ store: server.url, token }")}
      await server.close();
    `;
    expect(await printed(project, program, ["t".repeat(32)])).toEqual(SHARED);
  });

  if (hasSqlite) {
    test("a circuit is shared in a SQLite file", async () => {
      expect(await printed(project, BY_URL, ["sqlite:fleet.db"])).toEqual(SHARED);
    });
  } else {
    test("a store in SQLite names the Node.js version that it needs", async () => {
      const text = `
        import { openStore } from "${PACKAGE}/fleet";
        import { sqliteStore } from "${PACKAGE}/sqlite";
        const made = async () => sqliteStore({ path: "fleet.db" });
        const errors = [made(), openStore("sqlite:fleet.db")].map((one) => one.catch(String));
        console.log(JSON.stringify(await Promise.all(errors)));
      `;
      const expected = `FleetStoreError: sqlite: stores need Node.js 22.13 or later (this is ${process.versions.node})`;
      expect(await printed(project, text)).toEqual([expected, expected]);
    });
  }
});

describe.each([
  ["@redis/client", "createClient", "createClient({ url: process.argv[2] })"],
  ["ioredis", "Redis", "new Redis(process.argv[2], { lazyConnect: true })"],
])("with %s alone", (client, maker, made) => {
  let project: Project;
  let redis: RedisServer;
  beforeAll(async () => {
    project = await createProject({ [client]: installed(client) });
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.close();
    await project.remove();
  });

  test("a circuit is shared by the URL of the store", async () => {
    expect(await printed(project, BY_URL, [redis.url])).toEqual(SHARED);
  });

  test("a circuit is shared by a client", async () => {
    const program = `
      import { ${maker} } from "${client}";
      import { redisStore } from "${PACKAGE}/redis";
      ${sharing(`{ store: redisStore({ client: ${made}, prefix: "by-client" }) }`)}
    `;
    expect(await printed(project, program, [redis.url])).toEqual(SHARED);
  });
});
