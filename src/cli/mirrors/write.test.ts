import { expect, test } from "vitest";
import { readAssignments } from "./write.js";

test("reads registries and mirrors, and http:// as plain HTTP", () => {
  const { mirrors, plainHttp } = readAssignments([
    "docker.io=mirror.gcr.io, http://cache.lan:5000/hub",
    "ghcr.io=https://cache.lan",
  ]);
  expect(Object.fromEntries(mirrors)).toEqual({
    "docker.io": ["mirror.gcr.io", "cache.lan:5000/hub"],
    "ghcr.io": ["cache.lan"],
  });
  expect([...plainHttp]).toEqual(["cache.lan:5000"]);
});

test.each([
  [["docker.io"], /invalid <registry=mirror> "docker.io": expected registry=mirror/],
  [["=x"], /invalid <registry=mirror> "=x": expected registry=mirror/],
  [["docker.io="], /invalid mirror "" of "docker.io": expected a host/],
  [["docker.io=a,,b"], /invalid mirror "" of "docker.io": expected a host/],
  [["index.docker.io=a"], /invalid registry "index.docker.io": expected "docker.io"/],
  [
    ["https://docker.io=a"],
    /invalid registry "https:\/\/docker.io": expected a host without https:/,
  ],
  [["registry=mirror"], /invalid registry "registry": expected a host with a dot or a port/],
  [["docker.io=a", "docker.io=b"], /registry "docker.io" is given twice/],
  [["docker.io=a,a"], /mirror "a" of "docker.io" is given twice/],
  [["docker.io=docker.io"], /is that registry itself/],
  [
    [`docker.io=${Array.from({ length: 17 }, (_, n) => `m${n}`)}`],
    /has 17 mirrors; use at most 16/,
  ],
])("rejects %j by name", (assignments, message) => {
  expect(() => readAssignments(assignments)).toThrow(message);
  expect(() => readAssignments(assignments)).toThrow(expect.objectContaining({ exitCode: 64 }));
});

test("rejects a mirror with credentials without showing them", () => {
  expect(() => readAssignments(["docker.io=bot:hunter2@x"])).toThrow(/^(?!.*hunter2).*credentials/);
});

test("a registry on this machine, and a mirror without a dot, are taken", () => {
  const { mirrors } = readAssignments(["localhost=cache", "registry:5000=cache"]);
  expect([...mirrors.keys()]).toEqual(["localhost", "registry:5000"]);
});
