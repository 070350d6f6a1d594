/** Tests `status`, `isolate`, `release`, `reset` and `history` over a real store. */

import { expect, test, vi } from "vitest";
import { fleetCli, POLICY } from "./fleet-cli.js";

const HUB = "registry:docker.io";
const GITHUB = "git:github.com";
const fleet = fleetCli();

const isolate = (...more: string[]) =>
  fleet.run(["isolate", HUB, "--reason", "moves", "--for", "30m", "--owner", "ada", ...more]);

/** Returns the JSON results of a command, one for each circuit. */
const json = async (...argv: string[]) => JSON.parse((await fleet.run([...argv, "--json"])).stdout);

test("without shared circuits, status reports that", async () => {
  expect(await fleet.run(["status"])).toEqual({
    exitCode: 0,
    stdout: `The store knows no circuit in the scope "${fleet.scope}".\n`,
    stderr: "",
  });
  expect(await json("status")).toEqual([]);
});

test("lists open circuits first, with cause and reporter", async () => {
  await fleet.fail("a:closed", { failures: 0, successes: 3, failure: null, openNow: false });
  await fleet.fail(HUB);
  await fleet.fail(GITHUB, {
    retryAfterMs: 900_000,
    failure: { fault: "git", rule: "git.limited", limited: true },
    reporter: { id: "p2", host: "laptop", run: null },
  });
  await fleet.run(["isolate", "http:files.example.com", "--reason", "moves", "--for", "2h"]);
  const { exitCode, stdout } = await fleet.run(["status"]);
  expect(exitCode).toBe(56);
  const rows = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(rows[0]).toEqual([
    "NAME",
    "STATE",
    "FOR",
    "RETRY IN",
    "OK",
    "FAILED",
    "LATE",
    "WHY",
    "BY",
  ]);
  expect(rows.map(([name, state]) => [name, state])).toEqual([
    ["NAME", "STATE"],
    ["http:files.example.com", "isolated"],
    [GITHUB, "open"],
    [HUB, "open"],
    ["a:closed", "closed"],
  ]);
  expect(rows[2]?.[3]).toMatch(/^1[45] min/);
  expect(rows[2]?.slice(4)).toEqual(["0", "1", "0", "rate limit (git.limited)", "laptop"]);
  expect(rows[3]?.slice(7)).toEqual([
    "registry (registry.unavailable)",
    "runner-1, https://ci.example/runs/7",
  ]);
});

test("--json prints all of it, with times", async () => {
  await fleet.fail(HUB);
  const before = Date.now();
  const [circuit] = await json("status", HUB);
  expect(circuit).toMatchObject({
    name: HUB,
    known: true,
    state: "open",
    isolation: null,
    failure: { fault: "registry", rule: "registry.unavailable", limited: false },
    reporter: { host: "runner-1", run: "https://ci.example/runs/7" },
    openings: 1,
    counts: { successes: 0, failures: 1, late: 0 },
  });
  expect(Math.abs(Date.parse(circuit.since) - before)).toBeLessThan(60_000);
  expect(Date.parse(circuit.until) - Date.parse(circuit.since)).toBeGreaterThanOrEqual(599_000);
  expect(circuit.retryAfterMs).toBeGreaterThan(500_000);
});

test("named circuits decide the exit code, known or not", async () => {
  await fleet.fail(HUB);
  const { exitCode, stdout } = await fleet.run(["status", GITHUB]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/git:github\.com {2}unknown .*not known to the store/);
  expect((await fleet.run(["status", GITHUB, HUB])).exitCode).toBe(56);
});

test("an open circuit whose time is over awaits a call, so it is exit code 0", async () => {
  const policy = { resetTimeoutMs: 1, maxOpenMs: 1 };
  await fleet.fail(HUB, { policy: { ...POLICY, ...policy } });
  await vi.waitFor(async () => {
    const { exitCode, stdout } = await fleet.run(["status", HUB]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ open +\S+( ms| s)? +now /);
  });
});

test("an isolation is reported, shown, and rejects every call", async () => {
  const { exitCode, stdout, stderr } = await isolate();
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^isolated registry:docker\.io until \S+Z \(30 min\), by ada: moves\n$/);
  expect(stderr).toBe(
    `note: "registry:docker.io" is new in the scope "${fleet.scope}": no process has used it yet\n`,
  );
  expect(await json("status")).toMatchObject([
    { name: HUB, state: "isolated", isolation: { reason: "moves", owner: "ada" } },
  ]);
  const key = { scope: fleet.scope, name: HUB };
  const admit = { kind: "admit", policy: POLICY, count: 1, lease: "x", chance: 0 } as const;
  expect(await fleet.store.run(key, admit)).toMatchObject({ admitted: 0, refusal: "isolated" });
});

test("reports a replaced isolation", async () => {
  await isolate();
  const again = ["isolate", HUB, "--reason", "still", "--for", "1h", "--owner", "bob"];
  const { stdout, stderr } = await fleet.run(again);
  expect(stdout).toMatch(/by bob: still \(replaces the isolation by ada until \S+Z: moves\)\n$/);
  expect(stderr).toBe("");
});

test.each([
  ["docker.io", /"docker\.io" is not a name that guards use, expected registry:HOST/],
  ["registry:registry-1.docker.io", /expected "registry:docker\.io"/],
  ["registry:localhost:5000", /"registry:localhost:5000" names a different host on every machine/],
  ["engine", /"engine" is not the engine of another machine, expected engine:HOST:PORT/],
  [
    "engine:dagger",
    /"engine:dagger" is not the engine of another machine, expected engine:HOST:PORT/,
  ],
])("rejects a name that would isolate nothing, %j, before any change", async (name, message) => {
  const names = ["isolate", HUB, name, "--reason", "x", "--for", "1h"];
  const { exitCode, stdout, stderr } = await fleet.run(names);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(
    /^error: .*Use --any-name to isolate it anyway\nsee: dagger-breaker isolate --help\n$/,
  );
  expect(await json("status")).toEqual([]);
});

test("isolates such a name if confirmed, or if it is known", async () => {
  const words = ["isolate", "payments", "--reason", "x", "--for", "1h"];
  expect((await fleet.run([...words, "--any-name"])).exitCode).toBe(0);
  expect((await fleet.run(words)).exitCode).toBe(0);
});

test("a release ends an isolation, and names its owner", async () => {
  await isolate();
  const { exitCode, stdout } = await fleet.run(["release", HUB]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe("released registry:docker.io, which ada had isolated: moves\n");
  expect(await json("status")).toMatchObject([{ state: "closed", isolation: null }]);
  const again = await fleet.run(["release", HUB]);
  expect(again.stdout).toBe("released registry:docker.io, which was closed, not isolated\n");
});

test("a reset closes an open circuit, and keeps an isolation", async () => {
  await fleet.fail(HUB);
  expect((await fleet.run(["reset", HUB])).stdout).toBe(
    "reset registry:docker.io, which was open\n",
  );
  expect(await json("status")).toMatchObject([{ state: "closed", openings: 0 }]);
  await isolate();
  expect((await fleet.run(["reset", HUB])).stdout).toMatch(
    /^reset registry:docker\.io, which stays isolated until \S+Z \(dagger-breaker release ends that\)\n$/,
  );
});

test.each(["release", "reset"])(
  "%s of an unknown circuit is reported, and the others are done",
  async (what) => {
    await fleet.fail(HUB);
    const { exitCode, stdout, stderr } = await fleet.run([what, "registry:dockr.io", HUB]);
    expect(exitCode).toBe(57);
    expect(stdout).toMatch(/^(released|reset) registry:docker\.io/);
    expect(stderr).toBe(
      `skipped circuit "registry:dockr.io": the scope "${fleet.scope}" does not contain it\n`,
    );
    expect(await json("status")).toMatchObject([{ name: HUB, state: "closed" }]);
  },
);

test("manual control prints the new state, as JSON", async () => {
  const { stdout } = await isolate("--json");
  expect(JSON.parse(stdout)).toMatchObject([{ name: HUB, state: "isolated" }]);
  const released = JSON.parse((await fleet.run(["release", HUB, GITHUB, "--json"])).stdout);
  expect(released).toMatchObject([
    { name: HUB, known: true, state: "closed" },
    { name: GITHUB, known: false },
  ]);
});

test("history lists changes and their owners, newest last", async () => {
  await fleet.fail(HUB);
  await fleet.run(["reset", HUB, "--reason", "it is back", "--owner", "bob"]);
  await fleet.fail(GITHUB);
  await isolate();
  const { exitCode, stdout } = await fleet.run(["history"]);
  expect(exitCode).toBe(0);
  const rows = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
  expect(rows[0]).toEqual(["WHEN", "NAME", "WHAT", "FROM", "TO", "FOR", "WHY", "BY"]);
  const runner = "runner-1, https://ci.example/runs/7";
  expect(rows.slice(1).map(([, ...rest]) => rest)).toEqual([
    [
      HUB,
      "opened: one failure",
      "closed",
      "open",
      "10 min",
      "registry (registry.unavailable)",
      runner,
    ],
    [HUB, "reset", "open", "closed", "it is back", "bob"],
    [
      GITHUB,
      "opened: one failure",
      "closed",
      "open",
      "10 min",
      "registry (registry.unavailable)",
      runner,
    ],
    [HUB, "isolated", "closed", "open", "30 min", "moves", "ada"],
  ]);
});

test("history shows only the given circuits and number", async () => {
  await isolate();
  await fleet.fail(GITHUB);
  await fleet.run(["release", HUB, "--owner", "bob"]);
  expect(await json("history", HUB)).toMatchObject([
    { name: HUB, reason: "isolate", owner: "ada", note: "moves", forMs: 1_800_000, by: null },
    { name: HUB, reason: "release", owner: "bob", note: null, forMs: null },
  ]);
  expect(await json("history", "--limit", "2")).toMatchObject([
    { name: GITHUB, reason: "opened-at-once", by: { host: "runner-1" } },
    { name: HUB, reason: "release" },
  ]);
  expect((await fleet.run(["history", "git:gitlab.com"])).stdout).toBe(
    `The store knows no change of "git:gitlab.com" in the scope "${fleet.scope}".\n`,
  );
});

test("the newest changes are correct with more circuits than are asked at once", async () => {
  for (let index = 0; index < 40; index += 1) await fleet.fail(`http:h${index}.example`);
  await fleet.fail("http:h0.example", { generation: null });
  await fleet.run(["reset", "http:h0.example", "http:h20.example"]);
  const names = (await json("history", "--limit", "3")).map((one: { name: string }) => one.name);
  expect(names).toEqual(["http:h39.example", "http:h0.example", "http:h20.example"]);
  expect(await json("history", "--limit", "41")).toHaveLength(41);
});

test("foreign texts cannot control a terminal", async () => {
  const reason = "\u001b[2J\u009b31mall\u202ewell\r\nok";
  await fleet.store.run(
    { scope: fleet.scope, name: HUB },
    { kind: "isolate", reason, owner: "eve\u0007", expiresInMs: 60_000 },
  );
  const tables = [await fleet.run(["status"]), await fleet.run(["history"])];
  const jsons = [await fleet.run(["status", "--json"]), await fleet.run(["history", "--json"])];
  for (const { stdout } of [...tables, ...jsons]) {
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  expect(JSON.parse(jsons[0]?.stdout ?? "")[0].isolation.reason).toBe(reason);
});

test("on a terminal long texts are cut to its width, and states have colors", async () => {
  const reason = "漢字 ".repeat(100);
  await fleet.run(["isolate", HUB, "--reason", reason, "--for", "1h", "--owner", "ada"]);
  const plain = await fleet.run(["status"]);
  expect(plain.stdout).toContain(reason.trim());
  const { stdout } = await fleet.run(["status"], { isTTY: true, columns: 110 });
  expect(stdout).toContain("\u001b[31misolated\u001b[39m");
  expect(stdout).toContain("…");
  expect(stdout).not.toContain(reason.trim());
  const bare = await fleet.run(["status"], { isTTY: true, columns: 110, env: { NO_COLOR: "1" } });
  expect(bare.stdout).not.toContain("\u001b");
});

test.each([
  [["status"], {}, 64, /--store is missing; use --store or DAGGER_BREAKER_STORE/],
  [["isolate", HUB], {}, 64, /--reason and --for are missing; add --reason <text> --for <dur/],
  [["isolate", HUB, "--for", "1h"], {}, 64, /--reason is missing; add --reason <text>\n/],
  [["isolate", HUB, "--reason", "x"], {}, 64, /--for is missing; add --for <duration>/],
  [
    ["isolate", HUB, "--reason", " ", "--for", "1h"],
    {},
    64,
    /--reason.*expected a text of 1 to 1000/,
  ],
  [["isolate", HUB, "--reason", "x", "--for", "1d"], {}, 64, /--for.*expected a duration/],
  [["history", "--limit", "0"], {}, 64, /--limit.*whole number from 1 to 10000/],
  [["status", "x".repeat(201)], {}, 64, /has 201 characters; use 1 to 200/],
  [["status", "redis://me:hunter2@x"], {}, 64, /invalid <name>: it is a URL, .* use the name/],
  [["status", "--store", "redis://me:hunter2@x/y/z"], {}, 64, /the URL of Redis is malformed/],
  [
    ["status"],
    { DAGGER_BREAKER_STORE: "me:hunter2@x" },
    64,
    /invalid DAGGER_BREAKER_STORE: it is not the URL/,
  ],
] as const)("%j is a usage error, reported without a secret", async (argv, env, code, message) => {
  const terminal = { env: { DAGGER_BREAKER_STORE: "", ...env } };
  const { exitCode, stdout, stderr } = await fleet.run(argv, terminal);
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("hunter2");
});

test.each([["status"], ["history"], ["release", HUB], ["watch"]])(
  "%j on a missing store is exit code 69",
  async (...argv) => {
    const env = { DAGGER_BREAKER_STORE: "redis://me:hunter2@127.0.0.1:1" };
    const { exitCode, stdout, stderr } = await fleet.run(argv, { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: "" });
    expect(stderr).toMatch(/^error: the store cannot be used: /);
    expect(stderr).not.toContain("hunter2");
  },
);

test("a store that does not reply in time is exit code 69", async () => {
  await fleet.fail(HUB);
  fleet.server.stop();
  try {
    const { exitCode, stderr } = await fleet.run(["status", "--store-timeout", "300ms"]);
    expect(exitCode).toBe(69);
    expect(stderr).toMatch(/did not answer|timed out|time/);
  } finally {
    fleet.server.continue();
  }
});
