import { expect, test } from "vitest";
import { breakerName, gitHost, parseImageReference, parseUrl, readHost } from "./hosts.js";

test.each([
  ["registry", "docker.io", "registry:docker.io"],
  ["registry", "registry-1.docker.io", "registry:docker.io"],
  ["registry", "auth.docker.io", "registry:docker.io"],
  ["registry", "index.docker.io", "registry:docker.io"],
  ["registry", "production.cloudflare.docker.com", "registry:docker.io"],
  ["registry", "docker-images-prod.6aa30f8b.r2.cloudflarestorage.com", "registry:docker.io"],
  ["registry", "registry-1.docker.io:443", "registry:docker.io"],
  ["registry", "cdn02.quay.io", "registry:quay.io"],
  ["registry", "pkg-containers.githubusercontent.com", "registry:ghcr.io"],
  ["registry", "GHCR.io.", "registry:ghcr.io"],
  ["registry", "localhost:5000", "registry:localhost:5000"],
  ["git", "GitHub.com", "git:github.com"],
  ["git", "github.com:22", "git:github.com"],
  ["git", "ssh.github.com:443", "git:github.com"],
  ["http", "files.example.com", "http:files.example.com"],
  ["http", "docker.io", "http:docker.io"],
] as const)("%s on %s is guarded by %s", (kind, host, name) => {
  expect(breakerName(kind, host)).toBe(name);
});

test.each([
  ["alpine", "docker.io/library/alpine"],
  ["alpine:3.20", "docker.io/library/alpine:3.20"],
  ["library/alpine", "docker.io/library/alpine"],
  ["acme/app", "docker.io/acme/app"],
  ["docker.io/alpine", "docker.io/library/alpine"],
  ["index.docker.io/library/alpine", "docker.io/library/alpine"],
  ["registry-1.docker.io/library/alpine", "docker.io/library/alpine"],
  ["registry.hub.docker.com/library/alpine", "docker.io/library/alpine"],
  [" docker.io/library/alpine:3 ", "docker.io/library/alpine:3"],
  ["docker-image://docker.io/library/alpine", "docker.io/library/alpine"],
])("%s is an image of Docker Hub: %s", (address, reference) => {
  expect(parseImageReference(address)).toMatchObject({
    host: "docker.io",
    reference,
    pinned: false,
  });
});

test("another registry keeps its host and port", () => {
  expect(parseImageReference("localhost:5000/app:1")?.host).toBe("localhost:5000");
  expect(parseImageReference("localhost/app")?.host).toBe("localhost");
  expect(parseImageReference("ghcr.io/acme/app@sha256:abc")?.host).toBe("ghcr.io");
});

test("an image by digest is pinned, a tag is not", () => {
  const digest = "4fcc380aac80c17646cd400d073fd526af4b5fc447c4622d8cd85b74a8fc8d4c";
  expect(parseImageReference(`alpine@sha256:${digest}`)?.pinned).toBe(true);
  expect(parseImageReference(`alpine:3@sha256:${digest}`)?.pinned).toBe(true);
  expect(parseImageReference("alpine:sha256")?.pinned).toBe(false);
});

test.each(["", "   ", "a b", "http://[", `${"a".repeat(1025)}`, "-x/y"])(
  "%j is not an image",
  (address) => {
    expect(parseImageReference(address)).toBeUndefined();
  },
);

test("reduces a URL to scheme, host and path", () => {
  expect(parseUrl("https://bot:hunter2@Files.Example.com:443/a/b?sig=x#y")).toEqual({
    scheme: "https",
    host: "files.example.com",
    path: "/a/b",
  });
  expect(parseUrl("http://[::1]:5000/x")?.host).toBe("[::1]:5000");
  expect(parseUrl("https://a@b@c.example/x")?.host).toBe("c.example");
  expect(parseUrl("no url")).toBeUndefined();
  expect(parseUrl("https://")).toBeUndefined();
});

test.each([
  ["https://github.com/acme/lib.git", "github.com"],
  ["git@github.com:acme/lib.git", "github.com"],
  ["ssh://git@git.example.org:2222/x", "git.example.org:2222"],
  ["ssh://git@git.example.org:22/x", "git.example.org"],
  ["github.com/acme/lib/sub@v1", "github.com"],
  ["file:///srv/repo", undefined],
  ["./local", undefined],
  ["local/dir", undefined],
  ["", undefined],
])("the host of the remote %j is %s", (remote, host) => {
  expect(gitHost(remote)).toBe(host);
});

test("a masked host is a host, plain words are not", () => {
  expect(readHost("harbor.***.io")).toBe("harbor.***.io");
  expect(readHost("two words")).toBeUndefined();
  expect(readHost("host:99999999")).toBeUndefined();
});
