/** Tests that `http` and `git` use the real network, and describe real failures with the engine's words. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { ask, data } from "./client.js";
import { startUpstream, type Upstream } from "./upstream.js";

let session: SessionDouble;
let upstream: Upstream;

beforeEach(async () => {
  session = await startSessionDouble();
  upstream = await startUpstream();
});

afterEach(async () => {
  await session.stop();
  await upstream[Symbol.asyncDispose]();
});

test("http downloads from the network, once per session, and follows redirects", async () => {
  const fetch = (path: string) => `{ http(url: "${upstream.url}${path}") { contents name } }`;
  expect(await data(session, fetch("/ok/a.txt"))).toEqual({
    http: { contents: "hello from /ok/a.txt\n", name: "a.txt" },
  });
  await data(session, fetch("/ok/a.txt"));
  expect(upstream.requests).toEqual(["/ok/a.txt"]);
  expect(session.requestsTo("127.0.0.1")).toBe(1);
  expect(await data(session, fetch("/moved/b.txt"))).toMatchObject({
    http: { contents: "hello from /ok/b.txt\n" },
  });
});

test.each([
  ["/f/s503/a.txt", "invalid response status 503 Service Unavailable"],
  ["/f/s404/a.txt", "invalid response status 404 Not Found"],
  ["/f/reset/a.txt", 'Get "URL/f/reset/a.txt": EOF'],
  ["/f/cut/a.txt", "file write failed: unexpected EOF"],
])("http of %s fails in the engine's words: %s", async (path, message) => {
  const failing = data(session, `{ http(url: "${upstream.url}${path}") { contents } }`);
  await expect(failing).rejects.toThrow(message.replace("URL", upstream.url));
});

test("http words a closed port and a name that does not resolve", async () => {
  const { url } = upstream;
  await upstream[Symbol.asyncDispose]();
  const { host: address } = new URL(url);
  await expect(data(session, `{ http(url: "${url}/a") { contents } }`)).rejects.toThrow(
    `Get "${url}/a": dial tcp ${address}: connect: connection refused`,
  );
  await expect(
    data(session, '{ http(url: "http://nosuch.invalid/a") { contents } }'),
  ).rejects.toThrow(
    /^Get "http:\/\/nosuch\.invalid\/a": dial tcp: lookup nosuch\.invalid on \S+: /,
  );
});

test("a downloaded file can be used like any file", async () => {
  const { http } = (await data(session, `{ http(url: "${upstream.url}/ok/a.txt") { id } }`)) as {
    http: { id: string };
  };
  const query = `{ container { from(address: "a") { withFile(path: "/in.txt", source: "${http.id}") {
    withExec(args: ["cat","/in.txt"]) { stdout } } } } }`;
  expect(JSON.stringify(await data(session, query))).toContain(
    String.raw`"stdout":"hello from /ok/a.txt\n"`,
  );
});

test.each([
  ["over HTTP", (name: string) => `${upstream.url}/git/${name}`],
  ["from a folder", (name: string) => `file://${upstream.folder}/${name}`],
])("git really clones %s", async (_, urlOf) => {
  const commit = upstream.createRepository("repo.git");
  const query = `{ git(url: "${urlOf("repo.git")}") { branch(name: "main") { commit ref tree { entries file(path: "README.md") { contents } } }
    tag(name: "v1.0.0") { commit tree(discardGitDir: true) { entries } } head { commit }
    commit(id: "${commit}") { tree { entries } } } }`;
  expect(await data(session, query)).toEqual({
    git: {
      branch: {
        commit,
        ref: "refs/heads/main",
        tree: { entries: [".git/", "README.md"], file: { contents: "a repository\n" } },
      },
      tag: { commit, tree: { entries: ["README.md"] } },
      head: { commit },
      commit: { tree: { entries: [".git/", "README.md"] } },
    },
  });
});

test("requests a git remote's refs once per session", async () => {
  upstream.createRepository("repo.git");
  const query = `{ git(url: "${upstream.url}/git/repo.git") { branch(name: "main") { commit } } }`;
  await data(session, query);
  await data(session, query);
  expect(upstream.requests).toHaveLength(1);
  await using next = await session.openSession();
  await data(next, query);
  expect(upstream.requests).toHaveLength(2);
});

test.each([
  [
    "/f/s503/repo.git",
    'unexpected client error: unexpected requesting "URL/f/s503/repo.git/info/refs?service=git-upload-pack" status code: 503',
  ],
  ["/f/s404/repo.git", "repository not found: 404 page not found\n"],
  ["/f/s403/repo.git", "authorization failed: forbidden\n"],
  ["/f/s401/repo.git", "git error: git authentication failed"],
  ["/f/reset/repo.git", 'Get "URL/f/reset/repo.git/info/refs?service=git-upload-pack": EOF'],
])("git of %s fails in the engine's words", async (path, message) => {
  const failing = data(session, `{ git(url: "${upstream.url}${path}") { head { commit } } }`);
  await expect(failing).rejects.toThrow(message.replace("URL", upstream.url));
});

test("a branch that does not exist is named", async () => {
  upstream.createRepository("repo.git");
  const query = `{ git(url: "${upstream.url}/git/repo.git") { branch(name: "nope") { commit } } }`;
  expect((await ask(session, query)).body).toBe(
    '{"errors":[{"message":"repository does not contain ref \\"refs/heads/nope\\"","path":["git","branch"]}],"data":null}',
  );
});

test("git of a folder without a repository fails", async () => {
  const query = `{ git(url: "file://${upstream.folder}") { head { commit } } }`;
  await expect(data(session, query)).rejects.toThrow("repository not found");
});
