import { expect, test } from "vitest";
import { shown } from "../plain-text.js";
import { isLoopback, parseMirror, registryProblem } from "./addresses.js";

test.each([
  ["mirror.gcr.io", undefined, "mirror.gcr.io", ""],
  ["cache.lan:5000/hub/proxy", undefined, "cache.lan:5000", "/hub/proxy"],
  ["http://cache.lan/", "http", "cache.lan", ""],
  ["HTTPS://cache.lan/a", "https", "cache.lan", "/a"],
  ["[::1]:5000", undefined, "[::1]:5000", ""],
  ["docker_mirror", undefined, "docker_mirror", ""],
] as const)("%s is a mirror", (text, scheme, host, path) => {
  expect(parseMirror(text)).toEqual({ scheme, host, path });
});

test.each([
  "",
  "/x",
  "a b",
  "ftp://x",
  "user:pw@x",
  "x?y",
  "x#y",
  "x//y",
  "a\nb",
  "x:123456",
  "-x",
])("%j is not a mirror", (text) => {
  expect(parseMirror(text)).toBeUndefined();
});

test("registry names are those that the engine looks up", () => {
  expect(registryProblem("docker.io")).toBeUndefined();
  expect(registryProblem("registry.example:5000")).toBeUndefined();
  expect(registryProblem("registry-1.docker.io")).toMatch(/expected "docker.io"/);
  expect(registryProblem("GHCR.io")).toBe('expected "ghcr.io"');
  expect(registryProblem("https://ghcr.io")).toMatch(
    /^expected a host without https:\/\/, such as/,
  );
  expect(registryProblem("registry:ghcr.io")).toMatch(/not the name of its circuit$/);
  expect(registryProblem("ghcr.io/acme")).toMatch(/expected a host/);
});

test.each([
  ["localhost", true],
  ["localhost:5000", true],
  ["127.0.0.53:80", true],
  ["[::1]", true],
  ["localhost.example", false],
  ["128.0.0.1", false],
])("%s is this machine: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test("a shown name is short, quoted, and without credentials", () => {
  expect(shown("a\u001bb")).toBe(String.raw`"a\u001bb"`);
  expect(shown("user:hunter2@x")).not.toContain("hunter2");
  expect(shown("x".repeat(500)).length).toBeLessThan(100);
});
