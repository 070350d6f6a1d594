import { expect, test } from "vitest";
import { upstreamsOfQuery } from "./query-upstreams.js";

const DIGEST = "4fcc380aac80c17646cd400d073fd526af4b5fc447c4622d8cd85b74a8fc8d4c";

function hosts(query: string, variables?: Record<string, unknown>): string[] {
  return upstreamsOfQuery({ query, variables }).map(({ kind, host }) => `${kind}:${host}`);
}

test("images, publish targets, git, http and modules are named with their fields", () => {
  const query = `{
    a: container { from(address: "alpine:3") { publish(address: "ghcr.io/acme/app:1") } }
    git(url: "git@github.com:acme/lib.git") { branch(name: "main") { tree { id } } }
    http(url: "https://files.example.com/x.tgz") { id }
    moduleSource(refString: "github.com/acme/mods/ci@v1") { id }
  }`;
  expect(upstreamsOfQuery(query)).toEqual(
    expect.arrayContaining([
      {
        kind: "registry",
        host: "docker.io",
        field: "from",
        reference: "docker.io/library/alpine:3",
        pinned: false,
      },
      {
        kind: "registry",
        host: "ghcr.io",
        field: "publish",
        reference: "ghcr.io/acme/app:1",
        pinned: false,
      },
      {
        kind: "git",
        host: "github.com",
        field: "git",
        reference: "github.com:acme/lib.git",
        pinned: false,
      },
      {
        kind: "http",
        host: "files.example.com",
        field: "http",
        reference: "https://files.example.com/x.tgz",
        pinned: false,
      },
      {
        kind: "git",
        host: "github.com",
        field: "moduleSource",
        reference: "github.com/acme/mods/ci@v1",
        pinned: false,
      },
    ]),
  );
  expect(upstreamsOfQuery(query)).toHaveLength(5);
});

test("an image by digest is marked as pinned", () => {
  const [image] = upstreamsOfQuery(
    `{ container { from(address: "alpine@sha256:${DIGEST}") { id } } }`,
  );
  expect(image).toMatchObject({ pinned: true, host: "docker.io" });
});

test("never returns credentials or query strings", () => {
  const found = upstreamsOfQuery(`{
    http(url: "https://user:hunter2@files.example.com/a?sig=topsecret#frag") { id }
    git(url: "https://bot:hunter2@github.com/acme/lib.git?x=topsecret") { id }
    moduleSource(refString: "https://oauth:hunter2@gitlab.com/a/b") { id }
  }`);
  expect(found).toHaveLength(3);
  expect(JSON.stringify(found)).not.toMatch(/hunter2|topsecret|frag/);
});

test("resolves variables and their defaults", () => {
  const query = `query Q($image: String!, $url: String = "https://d.example/x") {
    container { from(address: $image) { id } } http(url: $url) { id }
  }`;
  expect(hosts(query, { image: "quay.io/a/b" })).toEqual(
    expect.arrayContaining(["registry:quay.io", "http:d.example"]),
  );
  expect(hosts(query, { image: 5, url: "https://e.example/x" })).toEqual(["http:e.example"]);
  expect(hosts(query)).toEqual(["http:d.example"]);
});

test("reads fragments, and only the named operation", () => {
  const query = `query A { container { ...Base } } query B { http(url: "https://b.example/x") { id } }
    fragment Base on Container { from(address: "ghcr.io/a/b") { id } }`;
  expect(upstreamsOfQuery({ query, operationName: "A" }).map((one) => one.host)).toEqual([
    "ghcr.io",
  ]);
  expect(hosts(query)).toEqual(expect.arrayContaining(["registry:ghcr.io", "http:b.example"]));
  expect(hosts('{ ... on Query { http(url: "https://c.example/") { id } } }')).toEqual([
    "http:c.example",
  ]);
});

test("a container that is loaded by its id may be pulled from and published as well", () => {
  const query = 'query { node(id: "x") { ... on Container { publish(address: "quay.io/a/b") } } }';
  expect(hosts(query)).toEqual(["registry:quay.io"]);
});

test("functions of a module with names of core fields are not upstreams", () => {
  expect(
    hosts('{ hello { http(url: "https://a.example/") git(url: "https://b.example/x") } }'),
  ).toEqual([]);
});

test("content served by another service of the pipeline is not an upstream", () => {
  expect(hosts('{ http(url: "http://web:8080/x", experimentalServiceHost: "id") { id } }')).toEqual(
    [],
  );
  expect(hosts('{ git(url: "git://repo/x", experimentalServiceHost: "id") { id } }')).toEqual([]);
  expect(
    hosts('{ container { from(address: "reg:5000/x", registryService: "id") { id } } }'),
  ).toEqual([]);
  expect(
    hosts('{ http(url: "https://a.example/x", experimentalServiceHost: null) { id } }'),
  ).toEqual(["http:a.example"]);
});

test("an address is an image or a remote, depending on the fields below it", () => {
  expect(hosts('{ address(value: "ghcr.io/a/b") { container { id } } }')).toEqual([
    "registry:ghcr.io",
  ]);
  expect(hosts('{ address(value: "https://github.com/a/b") { directory { id } } }')).toEqual([
    "git:github.com",
  ]);
  expect(hosts('{ address(value: "./dir") { directory { id } } }')).toEqual([]);
  expect(hosts('{ address(value: "env://TOKEN") { secret { id } } }')).toEqual([]);
});

test("local modules name no host", () => {
  expect(hosts('{ moduleSource(refString: "./ci") { id } }')).toEqual([]);
  expect(hosts('{ moduleSource(refString: "ci") { id } }')).toEqual([]);
});

test("the same image twice is one reference", () => {
  const image = 'container { from(address: "alpine") { id } }';
  expect(upstreamsOfQuery(`{ a: ${image} b: ${image} }`)).toHaveLength(1);
});

test.each([
  "",
  "{",
  "not graphql from(",
  "{ version }",
  "from".repeat(1_100_000),
  `{ a${" { a".repeat(50_000)} from`,
])("a text that is not GraphQL, or too large, names nothing", (query) => {
  expect(upstreamsOfQuery(query)).toEqual([]);
});

test("reads a deep chain to its end", () => {
  const depth = 500;
  const query = `{ container { ${'withExec(args: ["x"]) { '.repeat(depth)} publish(address: "ghcr.io/a/b") ${"}".repeat(depth)} } }`;
  expect(hosts(query)).toEqual(["registry:ghcr.io"]);
});

test.each([
  ["https://github.com/acme/lib.git", "github.com"],
  ["https://bot:hunter2@gitlab.example:8443/a/b#main", "gitlab.example:8443"],
  ["https://github.com:443/acme/lib", "github.com"],
  ["ssh://git@github.com/acme/lib", "github.com"],
  ["ssh://git@git.example.com:2222/a/b", "git.example.com:2222"],
  ["git://git.example.com/a/b", "git.example.com"],
  ["git+ssh://git@git.example.com/a/b", "git.example.com"],
  ["git@github.com:acme/lib.git", "github.com"],
  ["github.com:acme/lib", "github.com"],
  ["bot:hunter2@github.com:acme/lib", "github.com"],
  ["bot:hunter2@gitlab.com/a/b", "gitlab.com"],
  ["github.com/acme/lib/ci@v1", "github.com"],
  ["git.example.com:8443/a/b", "git.example.com:8443"],
])("the git remote %s has the host %s", (url, host) => {
  const found = upstreamsOfQuery(`{ git(url: ${JSON.stringify(url)}) { head { commit } } }`);
  expect(found.map((one) => one.host)).toEqual([host]);
  expect(JSON.stringify(found)).not.toMatch(/hunter2/);
});

test.each(["file:///srv/x", "./x", "../../x", "/srv/x", "~/x", "C:\\x"])(
  "the git remote %s has no host",
  (url) => {
    expect(hosts(`{ git(url: ${JSON.stringify(url)}) { head { commit } } }`)).toEqual([]);
  },
);
