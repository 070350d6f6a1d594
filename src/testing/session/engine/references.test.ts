import { expect, test } from "vitest";
import { digestOf, parseReference, registryUrl } from "./references.js";

const DIGEST = digestOf("an image");

test.each([
  ["busybox", "docker.io/library/busybox:latest", "registry-1.docker.io", "auth.docker.io"],
  ["acme/app:1", "docker.io/acme/app:1", "registry-1.docker.io", "auth.docker.io"],
  ["docker.io/busybox:1", "docker.io/library/busybox:1", "registry-1.docker.io", "auth.docker.io"],
  ["index.docker.io/a/b", "docker.io/a/b:latest", "registry-1.docker.io", "auth.docker.io"],
  ["ghcr.io/a/b/c:x", "ghcr.io/a/b/c:x", "ghcr.io", undefined],
  ["localhost/a", "localhost/a:latest", "localhost", undefined],
  ["[::1]:5000/a:1", "[::1]:5000/a:1", "[::1]:5000", undefined],
  ["127.0.0.1:5000/a:1", "127.0.0.1:5000/a:1", "127.0.0.1:5000", undefined],
  [`quay.io/a@${DIGEST}`, `quay.io/a@${DIGEST}`, "quay.io", undefined],
  [`quay.io/a:1@${DIGEST}`, `quay.io/a:1@${DIGEST}`, "quay.io", undefined],
])("%s is %s, served by %s", (address, full, registryHost, tokenHost) => {
  expect(parseReference(address)).toMatchObject({ full, registryHost, tokenHost });
});

test.each([
  ...["", "a b", "a//b", "a:", "a:b:c!", "Upper", "ghcr.io/Upper", "a@sha256:1"],
  ...["../../a", "./a", "..:1/a", "ghcr.io/../a", "-a.io/b", "a.io:x/b"],
])("%j is not a reference", (address) => {
  expect(() => parseReference(address)).toThrow("invalid reference format");
});

test("contacts registries on this machine without TLS", () => {
  expect(registryUrl("127.0.0.1:5000")).toBe("http://127.0.0.1:5000");
  expect(registryUrl("localhost:443")).toBe("http://localhost:443");
  expect(registryUrl("ghcr.io")).toBe("https://ghcr.io");
});
