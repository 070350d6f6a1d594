import { expect, test } from "vitest";
import {
  absolutePath,
  claimOf,
  isClaimed,
  toContainerPaths,
  toHostPaths,
} from "./container-paths.js";

const onHost = (path: string) => ["/etc", "/usr", "/usr/local"].includes(path);

test.each([
  ["/src/a.txt", "/src"],
  ["/src", "/src"],
  ["/etc/app.conf", "/etc/app.conf"],
  ["/usr/local/app/bin/run", "/usr/local/app"],
])("creating %s makes %s the container's", (path, claim) => {
  expect(claimOf(path, onHost)).toBe(claim);
});

test.each([
  ["cat /src/a.txt", "cat ROOT/src/a.txt"],
  ["/src", "ROOT/src"],
  ["PATH=/src/bin:/usr/bin", "PATH=ROOT/src/bin:/usr/bin"],
  ["cc -I/src/include -L /src/lib", "cc -IROOT/src/include -L ROOT/src/lib"],
  ["--out=/src", "--out=ROOT/src"],
  ['"/src/a b"', '"ROOT/src/a b"'],
  ["file:///src/a", "file://ROOT/src/a"],
  ["see /src.", "see ROOT/src."],
  ["/src2 /src-old /src.bak", "/src2 /src-old /src.bak"],
  ["./src lib/src ../src", "./src lib/src ../src"],
  ["/usr/src/x", "/usr/src/x"],
  ["https://host/src/a", "https://host/src/a"],
  ["/src/$FILE > /src/out; cd /src", "ROOT/src/$FILE > ROOT/src/out; cd ROOT/src"],
])("the paths in %j become %j", (text, wanted) => {
  expect(toHostPaths(text, ["/src"], "ROOT")).toBe(wanted);
});

test("rewrites a claim within another host folder as a whole", () => {
  expect(toHostPaths("/a/b/c /a/x", ["/a/b", "/a/b/c"], "ROOT")).toBe("ROOT/a/b/c /a/x");
});

test("rewrites nothing for a container without paths of its own", () => {
  expect(toHostPaths("/src /", ["/"], "ROOT")).toBe("/src /");
  expect(toHostPaths("/src", [], "ROOT")).toBe("/src");
});

test("outputs show the container's paths", () => {
  expect(toContainerPaths("at /tmp/x.1/src/a, /tmp/x.1 and /tmp/xx1/", "/tmp/x.1")).toBe(
    "at /src/a, / and /tmp/xx1/",
  );
});

test("relative paths begin at the workdir, and none leads above the root", () => {
  expect(absolutePath("a/../b", "/w")).toBe("/w/b");
  expect(absolutePath("../../../..", "/w")).toBe("/");
  expect(absolutePath("/x/", "/w")).toBe("/x");
});

test("a claim covers everything below its path, but no other path with the same prefix", () => {
  expect(isClaimed("/src/a", ["/src"])).toBe(true);
  expect(isClaimed("/src2", ["/src"])).toBe(false);
});
