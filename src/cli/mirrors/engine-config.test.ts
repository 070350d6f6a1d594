import { expect, test } from "vitest";
import { type ConfigFormat, ConfigSyntaxError, readEngineConfig } from "./engine-config.js";

const json = (value: unknown) => JSON.stringify(value);

function read(text: string, format: ConfigFormat) {
  const { registries, problems } = readEngineConfig(text, format);
  return { registries: Object.fromEntries(registries), problems };
}

const FULL = {
  "docker.io": {
    mirrors: ["mirror.gcr.io", "cache.lan:5000/hub"],
    http: undefined,
    insecure: undefined,
    ca: [],
  },
  "cache.lan:5000": { mirrors: [], http: true, insecure: false, ca: ["/certs/a.crt"] },
};

test("reads an engine.json with any other content", () => {
  const text = json({
    logLevel: "warn",
    gc: { maxUsedSpace: "200GB" },
    registries: {
      "docker.io": { mirrors: ["mirror.gcr.io", "cache.lan:5000/hub"], http: null },
      "cache.lan:5000": { http: true, insecure: false, ca: ["/certs/a.crt"] },
    },
  });
  expect(read(text, "json")).toEqual({ registries: FULL, problems: [] });
});

test.each([
  [
    "tables",
    `debug = true
[registry."docker.io"]
  mirrors = ["mirror.gcr.io", "cache.lan:5000/hub"]
[registry."cache.lan:5000"]
  http = true
  insecure = false
  ca = ["/certs/a.crt"]
  [[registry."cache.lan:5000".keypair]]
    key = "/certs/key.pem"
[worker.oci]
  gc = false`,
  ],
  [
    "dotted names",
    `registry."docker.io".mirrors = ["mirror.gcr.io", "cache.lan:5000/hub"]
registry."cache.lan:5000".http = true
registry."cache.lan:5000".insecure = false
registry."cache.lan:5000".ca = ["/certs/a.crt"]
gc.limit = 9223372036854775807`,
  ],
  [
    "inline tables",
    `[registry]
"docker.io" = { mirrors = ["mirror.gcr.io", "cache.lan:5000/hub"] }
"cache.lan:5000" = { http = true, insecure = false, ca = ["/certs/a.crt"] }`,
  ],
])("reads an engine.toml written with %s", (_what, text) => {
  expect(read(text, "toml")).toEqual({ registries: FULL, problems: [] });
});

test.each(["{}", '{"registries":null}'])("%s names no registry", (text) => {
  expect(read(text, "json")).toEqual({ registries: {}, problems: [] });
});

test.each([
  [{ registries: [] }, /"registries" is not a table/],
  [{ registries: { "docker.io": "x" } }, /registries "docker.io" is not a table/],
  [{ registries: { "docker.io": { mirrors: "x" } } }, /"mirrors" is not a list of texts/],
  [{ registries: { "docker.io": { mirrors: [1] } } }, /"mirrors" is not a list of texts/],
  [{ registries: { "docker.io": { http: "yes" } } }, /"http" is neither true nor false/],
  [
    { registries: { "docker.io": { mirror: [] } } },
    /"mirror" is not known, expected mirrors, http/,
  ],
  [{ registries: { "docker.io": { keypair: [] } } }, /"keypair" is not known/],
  [{ registries: { "docker.io": { mirrors: ["a b"] } } }, /invalid mirror "a b": expected a host/],
  [{ registry: {} }, /"registry" is not known, expected "registries"/],
])("%j is an error that names what was expected", (value, message) => {
  const { problems } = read(json(value), "json");
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ level: "error", message: expect.stringMatching(message) });
});

test("reads an engine.json without regard to case, as the engine does, with a warning", () => {
  const text = json({ Registries: { "docker.io": { MIRRORS: ["mirror.gcr.io"], Http: true } } });
  const { registries, problems } = read(text, "json");
  expect(registries["docker.io"]).toMatchObject({ mirrors: ["mirror.gcr.io"], http: true });
  expect(problems).toEqual(
    [
      ["Registries", "registries"],
      ["MIRRORS", "mirrors"],
      ["Http", "http"],
    ].map(([name, known]) => ({
      level: "warning",
      message: `engines read "${name}" as "${known}"; use the spelling "${known}"`,
    })),
  );
});

test("the names of the other format are errors in engine.toml too", () => {
  expect(read('[registries."docker.io"]', "toml").problems[0]).toMatchObject({
    level: "error",
    message: '"registries" is not known, expected "registry"',
  });
});

test.each([
  [{ "index.docker.io": {} }, /expected "docker.io"/],
  [
    { "docker.io": { mirrors: ["http://cache.lan"] } },
    /engines ignore the scheme; use .+"http": true/,
  ],
  [{ "docker.io": { mirrors: ["localhost:5000"] } }, /is the container itself/],
])("an engine accepts %j, and a warning follows", (registries, message) => {
  const { problems } = read(json({ registries }), "json");
  expect(problems).toEqual([{ level: "warning", message: expect.stringMatching(message) }]);
});

test.each<[ConfigFormat, string]>([
  ["json", ""],
  ["json", "[]"],
  ["json", '{"a": s3cret}'],
  ["toml", "a = s3cret x"],
  ["toml", '[registry."a"]\n[registry."a"]'],
  ["toml", "[registry.a]\nhttp = true\nhttp = true"],
  ["toml", "registry = 7\n[registry.a]"],
  ["toml", "registry.a = {}\nregistry.a = {}"],
])("as %s, rejects %j without quoting it", (format, text) => {
  expect(() => readEngineConfig(text, format)).toThrow(ConfigSyntaxError);
  expect(() => readEngineConfig(text, format)).toThrow(/^it is (?:not|empty)(?!.*s3cret)/);
});

test("a registry named like a built-in property is harmless", () => {
  const text = '[registry."__proto__"]\nmirrors = ["x"]';
  const { registries } = readEngineConfig(text, "toml");
  expect(registries.get("__proto__")?.mirrors).toEqual(["x"]);
  expect(({} as { mirrors?: unknown }).mirrors).toBeUndefined();
});
