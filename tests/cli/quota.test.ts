/** Tests the command `quota`, as a process, against a registry and a token server on loopback. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { builtCli } from "./built-cli.js";

const cli = builtCli();

interface Heard {
  readonly method: string | undefined;
  readonly path: string;
  readonly authorization: string | undefined;
}

let heard: Heard[];
let base: string;
let stop: () => Promise<void>;
/** The functions that answer for the token server and the registry. Each test sets them. */
let token: (response: ServerResponse) => void;
let manifest: (response: ServerResponse) => void;

const PASSWORD = "hunter2-s3cret";
const LEFT = {
  "ratelimit-limit": "100;w=21600",
  "ratelimit-remaining": "98;w=21600",
  "docker-ratelimit-source": "203.0.113.7",
};

beforeEach(async () => {
  heard = [];
  token = (response) => response.end(JSON.stringify({ token: "t0ken" }));
  manifest = (response) => response.writeHead(200, LEFT).end();
  const server = createServer((request: IncomingMessage, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    heard.push({
      method: request.method,
      path: `${pathname}${searchParams.get("service") ?? ""}`,
      authorization: request.headers.authorization,
    });
    (pathname === "/token" ? token : manifest)(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
});
afterEach(() => stop());

/** Runs `quota` against the two servers of the test. */
const ask = (args: readonly string[], options: Parameters<typeof cli.run>[1] = {}) =>
  cli.run(["quota", "--registry-url", base, "--auth-url", `${base}/token`, ...args], options);

test("prints limit, rest, window and source, asked anonymously", async () => {
  const { exitCode, stdout } = await ask([]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(
    [
      "docker.io: 98 of 100 pulls are left.",
      "  asked as   no account",
      "  limit      100 pulls",
      "  remaining  98 pulls",
      "  window     6 h",
      "  source     203.0.113.7",
      "",
    ].join("\n"),
  );
  expect(heard).toEqual([
    { method: "GET", path: "/tokenregistry.docker.io", authorization: undefined },
    {
      method: "HEAD",
      path: "/v2/ratelimitpreview/test/manifests/latest",
      authorization: "Bearer t0ken",
    },
  ]);
});

test("--json prints one object", async () => {
  const { stdout, stderr } = await ask(["--anonymous", "--json"]);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    registry: "docker.io",
    state: "left",
    limit: 100,
    remaining: 98,
    windowMs: 21_600_000,
    source: "203.0.113.7",
    retryAfterMs: null,
    username: null,
  });
});

const basic = `Basic ${Buffer.from(`bot:${PASSWORD}`).toString("base64")}`;

test("uses a name and DOCKER_PASSWORD, and prints the password nowhere", async () => {
  const { exitCode, stdout, stderr } = await ask(["--username", "bot"], {
    env: { DOCKER_PASSWORD: PASSWORD },
  });
  expect(exitCode).toBe(0);
  expect(stdout).toContain("asked as   bot");
  expect(stdout + stderr).not.toMatch(new RegExp(`${PASSWORD}|${basic}|t0ken`));
  expect(heard.map(({ authorization }) => authorization)).toEqual([basic, "Bearer t0ken"]);
});

test("reads a password from standard input, without its line end", async () => {
  await ask(["--username", "bot", "--password-stdin"], { stdin: `${PASSWORD}\n` });
  expect(heard[0]?.authorization).toBe(basic);
});

/** A registry that is not Docker Hub. Docker's configuration has credentials for it. */
const other = ["registry.example:5000"];

test("asks as the user logged in according to config.json", async () => {
  const folder = join(cli.folder, "docker-auths");
  mkdirSync(folder, { recursive: true });
  const auth = Buffer.from(`bot:${PASSWORD}`).toString("base64");
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ auths: { "registry.example:5000": { auth } } }),
  );
  const run = await ask(other, { env: { DOCKER_CONFIG: folder } });
  expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  expect(heard[0]).toMatchObject({ path: "/tokenregistry.example:5000", authorization: basic });
  heard = [];
  await ask([...other, "--anonymous"], { env: { DOCKER_CONFIG: folder } });
  expect(heard[0]?.authorization).toBeUndefined();
});

test("asks a credential helper", async () => {
  const folder = join(cli.folder, "docker-helper");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ credsStore: "test" }));
  const helper = join(folder, "docker-credential-test");
  writeFileSync(helper, `#!/bin/sh\necho '{"Username":"bot","Secret":"${PASSWORD}"}'\n`);
  chmodSync(helper, 0o755);
  const PATH = `${folder}${delimiter}${process.env.PATH}`;
  const { stdout, stderr } = await ask(other, { env: { DOCKER_CONFIG: folder, PATH } });
  expect(heard[0]?.authorization).toBe(basic);
  expect(stdout + stderr).not.toContain(PASSWORD);
});

test("stored credentials of docker.io go to no other address", async () => {
  const folder = join(cli.folder, "docker-hub");
  mkdirSync(folder, { recursive: true });
  const auth = Buffer.from(`bot:${PASSWORD}`).toString("base64");
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth } } }),
  );
  const { stderr } = await ask([], { env: { DOCKER_CONFIG: folder } });
  expect(stderr).toBe(
    "asking without an account: stored credentials of docker.io are sent to docker.io only\n",
  );
  expect(heard[0]?.authorization).toBeUndefined();
});

test.each([
  ["a rest of nothing", 200, { ...LEFT, "ratelimit-remaining": "0;w=21600" }],
  ["a 429", 429, {}],
])("%s is exit code 50", async (_what, status, headers) => {
  manifest = (response) => response.writeHead(status, headers).end();
  const { exitCode, stdout } = await ask([]);
  expect(exitCode).toBe(50);
  expect(stdout).toMatch(/^docker\.io: no pull is left\.\n/);
});

test("a registry that states no limit is exit code 0", async () => {
  manifest = (response) => response.end();
  const { exitCode, stdout } = await ask([]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/states no limit/);
});

test("rejected credentials are exit code 52, and are not printed", async () => {
  token = (response) => response.writeHead(401).end(`{"details":"${PASSWORD}"}`);
  const { exitCode, stdout, stderr } = await ask(["--username", "bot"], {
    env: { DOCKER_PASSWORD: PASSWORD },
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 52, stdout: "" });
  expect(stderr).toMatch(/^error: 127\.0\.0\.1:[0-9]+ refused the credentials \(401\)\n$/);
});

test("a registry in trouble is exit code 51", async () => {
  manifest = (response) => response.writeHead(503).end();
  const { exitCode, stderr } = await ask(["--anonymous"]);
  expect(exitCode).toBe(51);
  expect(stderr).toMatch(/answered with status 503/);
});

test("gives up a registry that never answers", async () => {
  manifest = () => {};
  const { exitCode, stderr } = await ask(["--anonymous", "--timeout-ms", "500"]);
  expect(exitCode).toBe(51);
  expect(stderr).toMatch(/did not answer within 500 ms/);
});

test("a missing registry is exit code 51", async () => {
  await stop();
  stop = async () => {};
  const { exitCode, stderr } = await ask(["--anonymous"]);
  expect(exitCode).toBe(51);
  expect(stderr).toMatch(/could not be reached \(ECONNREFUSED\)/);
});

test.each([
  [["ghcr.io"], /registry is "ghcr.io", expected "docker.io".+\(--registry-url\)/],
  [["--username", "bot"], /the password is missing; put it into DOCKER_PASSWORD/],
  [["--username", "bot", "--password-stdin"], /standard input is empty/],
  [["--password-stdin"], /--username is missing/],
  [["--anonymous", "--username", "bot"], /--anonymous conflicts with --username/],
  [
    ["--registry-url", "https://bot:hunter2@x"],
    /invalid --registry-url: it is an address that is not shown, because it contains an @/,
  ],
  [["--registry-url", "ftp://x"], /invalid --registry-url: it is "ftp:\/\/x", expected an http/],
  [["--auth-url", "notaurl"], /invalid --auth-url: it is "notaurl", expected an http.+"$/m],
  [["--timeout-ms", "0"], /invalid --timeout-ms "0": .+from 1 to 600000/],
  [["--timeout", "10"], /invalid --timeout "10": .+such as 500ms, 90s/],
  [["--timeout", "1s", "--timeout-ms", "1000"], /'--timeout-ms <n>' cannot be used with/],
])("%j is a usage error that names the option", async (args, message) => {
  const { exitCode, stdout, stderr } = await cli.run(["quota", ...args]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("hunter2");
});

test("does not send credentials in clear text", async () => {
  const args = ["quota", "--username", "bot", "--auth-url", "http://auth.example/token"];
  const { exitCode, stderr } = await cli.run(args, { env: { DOCKER_PASSWORD: PASSWORD } });
  expect(exitCode).toBe(64);
  expect(stderr).toMatch(/"authUrl" is an http address \(auth.example\), expected https/);
});
