/** Tests the command `mirrors`, as a process, with mirrors on loopback. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { builtCli } from "./built-cli.js";

const cli = builtCli();

let home: string;
let closing: (() => Promise<void>)[];
beforeEach(() => {
  home = mkdtempSync(join(cli.folder, "home-"));
  closing = [];
});
afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  rmSync(home, { recursive: true, force: true });
});

const mirrors = (...args: string[]) => cli.run(["mirrors", ...args], { env: { HOME: home } });
const standardFile = () => join(home, ".config/dagger/engine.json");

function write(path: string, value: unknown): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

/** Starts a mirror, and returns its address. */
async function mirror(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering =
  (status: number): RequestListener =>
  (request, response) =>
    response.writeHead(request.url === "/v2/" ? status : 404).end();

test("writes mirrors to the file of the dagger command, and prints the next step", async () => {
  const { exitCode, stdout, stderr } = await mirrors(
    "write",
    "docker.io=mirror.gcr.io,http://cache.lan:5000/hub",
  );
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    `created ${standardFile()}\ndocker.io -> mirror.gcr.io, cache.lan:5000/hub\n`,
  );
  expect(stderr).toMatch(/docker rm -f/);
  expect(stderr).toMatch(/before v0\.19\.0/);
  expect(JSON.parse(readFileSync(standardFile(), "utf8"))).toEqual({
    registries: {
      "docker.io": { mirrors: ["mirror.gcr.io", "cache.lan:5000/hub"] },
      "cache.lan:5000": { http: true },
    },
  });
});

test("keeps the other content of the file, and a second run changes nothing", async () => {
  write(standardFile(), { gc: { maxUsedSpace: "200GB" }, registries: { "ghcr.io": { ca: [] } } });
  expect((await mirrors("write", "docker.io=mirror.gcr.io")).stdout).toMatch(/^changed /);
  const after = readFileSync(standardFile(), "utf8");
  expect(JSON.parse(after)).toEqual({
    gc: { maxUsedSpace: "200GB" },
    registries: { "ghcr.io": { ca: [] }, "docker.io": { mirrors: ["mirror.gcr.io"] } },
  });
  expect(await mirrors("write", "docker.io=mirror.gcr.io")).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: `nothing to change in ${standardFile()}\n`,
  });
  expect(readFileSync(standardFile(), "utf8")).toBe(after);
});

test("--dry-run prints the file and writes nothing", async () => {
  const { exitCode, stdout, stderr } = await mirrors("write", "docker.io=a.example", "--dry-run");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({ registries: { "docker.io": { mirrors: ["a.example"] } } });
  expect(() => readFileSync(standardFile())).toThrow(/ENOENT/);
});

/** Returns the two forms of the configuration that the command prints when it writes no file. */
function formsIn(stdout: string): { readonly json: unknown; readonly toml: string } {
  const [, json = "", toml = ""] = /^engine\.json:\n(.*)\nengine\.toml:\n(.*)$/s.exec(stdout) ?? [];
  return { json: JSON.parse(json), toml };
}

test("beside an engine.toml it writes nothing, and prints both forms", async () => {
  const text = 'debug = true # ours\n[registry."docker.io"]\n  ca = ["/a.crt"]\n';
  const path = write(join(standardFile(), "../engine.toml"), text);
  for (const args of [[], ["--dry-run"], ["--file", path]]) {
    const { exitCode, stdout, stderr } = await mirrors("write", "docker.io=a.example", ...args);
    expect(exitCode).toBe(60);
    expect(formsIn(stdout)).toEqual({
      json: { registries: { "docker.io": { mirrors: ["a.example"] } } },
      toml: '[registry."docker.io"]\nmirrors = [ "a.example" ]\n',
    });
    expect(stderr).toContain(`nothing was written: ${path} exists`);
    expect(stderr).toContain(`${path} already has an entry for docker.io.`);
  }
  expect(readFileSync(path, "utf8")).toBe(text);
  expect(() => readFileSync(standardFile())).toThrow(/ENOENT/);
});

test("does not create an engine.toml either", async () => {
  const path = join(home, "engine.toml");
  const { exitCode, stdout, stderr } = await mirrors("write", "docker.io=a", "--file", path);
  expect(exitCode).toBe(60);
  expect(formsIn(stdout).toml).toContain("mirrors");
  expect(stderr).toContain("nothing was written: this command writes only engine.json");
  expect(() => readFileSync(path)).toThrow(/ENOENT/);
});

test("check reports an unreadable engine.toml, without its text", async () => {
  const path = write(join(home, "engine.toml"), "debug = true\na = hunter2 b");
  const { exitCode, stderr } = await mirrors("check", "--file", path);
  expect(exitCode).toBe(60);
  expect(stderr).toContain("it is not TOML (line 2)");
  expect(stderr).not.toContain("hunter2");
  expect((await mirrors("write", "docker.io=a", "--file", path)).exitCode).toBe(60);
});

test.each([
  ["engine.json", '{"registries": {"docker.io": {"mirors": []}}}', /"mirors" is not known/],
  ["engine.json", "{ // hunter2\n}", /it is not JSON/],
  ["engine.json", "", /it is empty; expected at least \{\}/],
])("in %s, %j is rejected and left unchanged", async (name, text, message) => {
  const path = write(join(home, name), text);
  const { exitCode, stdout, stderr } = await mirrors("write", "docker.io=a", "--file", path);
  expect({ exitCode, stdout }).toEqual({ exitCode: 60, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/was not changed/);
  expect(stderr).not.toContain("hunter2");
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("a file that cannot be written is exit code 73", async () => {
  write(join(home, "file"), "");
  const path = join(home, "file/engine.json");
  const { exitCode, stderr } = await mirrors("write", "docker.io=a", "--file", path);
  // Systems check paths in different order, so either the look-up or the creation of the file fails.
  expect([66, 73]).toContain(exitCode);
  expect(stderr).toMatch(/^error: cannot (?:read|write) .+\(ENOTDIR\)/);
});

test("reports mirrors that answer as a registry with their status and time", async () => {
  const open = await mirror(answering(200));
  const closed = await mirror(answering(401));
  write(standardFile(), { registries: { "docker.io": { mirrors: [open, `${closed}/hub`] } } });
  const { exitCode, stdout, stderr } = await mirrors("check");
  expect(exitCode).toBe(0);
  const [head, ...lines] = stdout.trimEnd().split("\n");
  expect(head).toMatch(/^REGISTRY +MIRROR +TIME +RESULT$/);
  expect(lines).toEqual([
    expect.stringMatching(new RegExp(`^docker\\.io +${open} +[0-9]+ ms +answers \\(200\\)$`)),
    expect.stringMatching(new RegExp(`^docker\\.io +${closed}/hub +[0-9]+ ms +answers \\(401\\)$`)),
  ]);
  expect(stderr).toMatch(/^warning: .+is the container itself/m);
});

test("a mirror that does not answer as a registry is exit code 61, in --json too", async () => {
  const broken = await mirror(answering(503));
  const silent = await mirror(() => {});
  const cut = await mirror((request) => request.socket.destroy());
  const file = write(standardFile(), {
    registries: { "docker.io": { mirrors: [broken, silent] }, "ghcr.io": { mirrors: [cut] } },
  });
  const { exitCode, stdout } = await mirrors("check", "--json", "--timeout-ms", "300");
  expect(exitCode).toBe(61);
  const url = (host: string) => ({ mirror: host, url: `http://${host}/v2/` });
  const durationMs = expect.any(Number);
  expect(JSON.parse(stdout)).toMatchObject({
    file,
    format: "json",
    valid: true,
    mirrors: [
      { ...url(broken), answers: false, status: 503, durationMs, problem: expect.any(String) },
      { ...url(silent), answers: false, status: null, problem: "no answer within 300 ms" },
      { ...url(cut), answers: false, status: null, problem: "no answer (ECONNRESET)" },
    ],
  });
});

test("a web page is not a mirror, but a request for credentials is", async () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  const portal = await mirror((_request, response) => response.writeHead(200, html).end("<html>"));
  const guarded = await mirror((_request, response) => response.writeHead(401, html).end("<html>"));
  write(standardFile(), { registries: { "docker.io": { mirrors: [portal, guarded] } } });
  const { exitCode, stdout } = await mirrors("check");
  expect(exitCode).toBe(61);
  const [, page, closed] = stdout.split("\n");
  expect(page).toMatch(/answers with a web page, expected a registry$/);
  expect(closed).toMatch(/answers \(401\)$/);
});

test("asks a mirror of two registries once", async () => {
  let asked = 0;
  const shared = await mirror((_request, response) => {
    asked += 1;
    response.end();
  });
  const entry = { mirrors: [shared] };
  write(standardFile(), { registries: { "docker.io": entry, "ghcr.io": entry } });
  const { stdout } = await mirrors("check", "--json");
  expect(JSON.parse(stdout).mirrors).toHaveLength(2);
  expect(asked).toBe(1);
});

test("a mirror's own entry decides how it is asked", async () => {
  const plain = await mirror(answering(200));
  const check = async (entry: object) => {
    write(standardFile(), { registries: { "docker.io": { mirrors: [plain] }, [plain]: entry } });
    const { stdout } = await mirrors("check", "--json");
    return JSON.parse(stdout).mirrors[0];
  };
  // With `http: false` the mirror is asked over TLS, which it does not support.
  expect(await check({ http: false })).toMatchObject({
    answers: false,
    url: `https://${plain}/v2/`,
  });
  // With `insecure` and `http` together, TLS is tried first, and then plain HTTP.
  expect(await check({ http: true, insecure: true })).toMatchObject({
    answers: true,
    url: `http://${plain}/v2/`,
  });
});

test("checks an engine.toml in the same way", async () => {
  const open = await mirror(answering(200));
  const path = write(join(home, "engine.toml"), `[registry."docker.io"]\nmirrors = ["${open}"]\n`);
  const { exitCode, stdout } = await mirrors("check", "--file", path);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("answers (200)");
});

test("a file that no engine accepts is exit code 60, and its mirrors are not asked", async () => {
  let asked = 0;
  const open = await mirror((_request, response) => {
    asked += 1;
    response.end();
  });
  write(standardFile(), { registries: { "docker.io": { mirrors: [open], mirror: 1 } } });
  const words = await mirrors("check");
  expect(words).toMatchObject({ exitCode: 60, stdout: "" });
  expect(words.stderr).toMatch(/^error: .+"mirror" is not known/);
  const { exitCode, stdout } = await mirrors("check", "--json");
  expect(exitCode).toBe(60);
  expect(JSON.parse(stdout)).toMatchObject({ valid: false, mirrors: [] });
  expect(asked).toBe(0);
});

test("a file without mirrors is valid, and a missing one is exit code 66", async () => {
  const none = await mirrors("check");
  expect(none).toMatchObject({ exitCode: 66, stdout: "" });
  expect(none.stderr).toContain(`${standardFile()} does not exist`);
  write(standardFile(), {});
  expect(await mirrors("check")).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/is valid and names no mirror/),
  });
});

test.each([
  [["write"], /<registry=mirror> is missing/],
  [["write", "docker.io"], /invalid <registry=mirror> .*expected registry=mirror/],
  [["write", "docker.io=a", "--format", "toml"], /--file is required for engine.toml/],
  [["write", "docker.io=a", "--format", "yaml"], /invalid --format "yaml": .+json, toml/],
  [["check", "--timeout-ms", "soon"], /invalid --timeout-ms "soon": .+1 to 600000/],
  [["check", "--timeout", "11m"], /invalid --timeout "11m": .+up to 10m/],
])("%j is a usage error that names the option", async (args, message) => {
  const { exitCode, stdout, stderr } = await mirrors(...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toMatch(message);
});
