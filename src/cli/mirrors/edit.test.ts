import fc from "fast-check";
import { expect, test } from "vitest";
import { editConfig, type MirrorChanges, UnsafeEditError } from "./edit.js";
import { readEngineConfig } from "./engine-config.js";
import { readToml } from "./toml.js";

function changes(mirrors: Record<string, string[]>, plainHttp: string[] = []): MirrorChanges {
  return { mirrors: new Map(Object.entries(mirrors)), plainHttp: new Set(plainHttp) };
}

const GCR = changes({ "docker.io": ["mirror.gcr.io"] });

test("a new engine.json holds the mirrors and nothing else", () => {
  expect(JSON.parse(editConfig(undefined, "json", GCR))).toEqual({
    registries: { "docker.io": { mirrors: ["mirror.gcr.io"] } },
  });
});

test("an engine.json keeps its other settings, their order and its indent", () => {
  const before = `{
    "logLevel": "warn",
    "registries": {
        "docker.io": {
            "mirrors": ["old"],
            "ca": ["/a.crt"]
        },
        "ghcr.io": {
            "insecure": true
        }
    },
    "gc": {
        "maxUsedSpace": 512000000000
    }
}`;
  expect(editConfig(before, "json", changes({ "docker.io": ["a", "b:5000"] }, ["b:5000"]))).toBe(`{
    "logLevel": "warn",
    "registries": {
        "docker.io": {
            "mirrors": [
                "a",
                "b:5000"
            ],
            "ca": [
                "/a.crt"
            ]
        },
        "ghcr.io": {
            "insecure": true
        },
        "b:5000": {
            "http": true
        }
    },
    "gc": {
        "maxUsedSpace": 512000000000
    }
}
`);
});

test("a file that says it all is left to the letter", () => {
  const json = '{"registries":{"docker.io":{"mirrors":["mirror.gcr.io"]}}}';
  expect(editConfig(json, "json", GCR)).toBe(json);
  const toml = `[registry.'docker.io']\nmirrors=[ "mirror.gcr.io", ] # ours`;
  expect(editConfig(toml, "toml", GCR)).toBe(toml);
});

test("a number that would be rounded is not risked", () => {
  const before = '{"gc":{"policies":[{"keepBytes":9007199254740993}]}}';
  expect(() => editConfig(before, "json", GCR)).toThrow(UnsafeEditError);
});

function numbersOf(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}

test("any other setting of an engine.json survives", () => {
  const key = fc.string().filter((name) => name !== "registries" && name !== "__proto__");
  const others = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(others, (settings) => {
      const before = JSON.stringify(settings);
      // Those are refused, as the test above shows.
      fc.pre(!numbersOf(settings).some((number) => Math.abs(number) > Number.MAX_SAFE_INTEGER));
      const { registries, ...rest } = JSON.parse(editConfig(before, "json", GCR));
      expect(rest).toEqual(JSON.parse(before));
      expect(registries).toEqual({ "docker.io": { mirrors: ["mirror.gcr.io"] } });
    }),
  );
});

test.each([
  ["an empty file", "", '[registry."docker.io"]\n  mirrors = ["mirror.gcr.io"]\n'],
  [
    "a file without registries",
    "debug = true # why",
    'debug = true # why\n\n[registry."docker.io"]\n  mirrors = ["mirror.gcr.io"]\n',
  ],
  [
    "a table without mirrors",
    '[registry."docker.io"] # hub\n  http = false\n[worker.oci]\n  gc = true\n',
    '[registry."docker.io"] # hub\n  mirrors = ["mirror.gcr.io"]\n  http = false\n[worker.oci]\n  gc = true\n',
  ],
  [
    "a table at the very end",
    '[registry."docker.io"]',
    '[registry."docker.io"]\n  mirrors = ["mirror.gcr.io"]\n',
  ],
  [
    "a table with mirrors over many lines",
    '[registry."docker.io"]\nmirrors = [ # ours\n  "a",\n  "b",\n] # end\nhttp = true\n',
    '[registry."docker.io"]\nmirrors = ["mirror.gcr.io"] # end\nhttp = true\n',
  ],
  [
    "a file of Windows",
    'debug = true\r\n[registry."ghcr.io"]\r\n  mirrors = ["a"]\r\n',
    'debug = true\r\n[registry."ghcr.io"]\r\n  mirrors = ["a"]\r\n\r\n[registry."docker.io"]\r\n  mirrors = ["mirror.gcr.io"]\r\n',
  ],
  [
    "mirrors under a dotted name",
    'registry."docker.io".mirrors = ["a"]\n',
    'registry."docker.io".mirrors = ["mirror.gcr.io"]\n',
  ],
  [
    "a text that looks like a table",
    'x = """\n[registry."docker.io"]\nmirrors = []\n"""\n',
    'x = """\n[registry."docker.io"]\nmirrors = []\n"""\n\n[registry."docker.io"]\n  mirrors = ["mirror.gcr.io"]\n',
  ],
])("in TOML, %s is edited in its place", (_what, before, after) => {
  expect(editConfig(before, "toml", GCR)).toBe(after);
});

test("a mirror over plain HTTP gets an entry of its own", () => {
  const text = editConfig("", "toml", changes({ "docker.io": ["b:5000"] }, ["b:5000"]));
  expect(text).toBe(
    '[registry."docker.io"]\n  mirrors = ["b:5000"]\n\n[registry."b:5000"]\n  http = true\n',
  );
});

test.each([
  ["an inline table of registries", 'registry = { "ghcr.io" = { mirrors = ["a"] } }'],
  ["an inline table of the registry", '[registry]\n"docker.io" = { http = true }'],
  ["dotted names of the registry", '[registry]\n"docker.io".http = true'],
  ["dotted names at the root", 'registry."docker.io".http = true'],
  ["a list of tables", '[[registry."docker.io"]]\nhttp = true'],
])("in TOML, %s is refused rather than broken", (_what, before) => {
  expect(() => editConfig(before, "toml", GCR)).toThrow(UnsafeEditError);
});

test("in TOML, every other statement survives to the letter, and the mirrors are read back", () => {
  const line = fc.constantFrom(
    "# comment [registry]",
    "",
    "debug = true",
    'insecure-entitlements = ["security.insecure"]',
    "[worker.oci]",
    '[[worker.oci.gcpolicy]]\n  keepDuration = "6h"',
    '[registry."ghcr.io"]\n  mirrors = ["a.example"]',
    '[registry."docker.io"]',
    '[registry."docker.io"]\n  mirrors = ["old.example",\n    "older.example"]',
    'note = """\n[registry."docker.io"]\n"""',
  );
  const lines = fc.uniqueArray(line, { selector: (text) => text.split("\n")[0] });
  fc.assert(
    fc.property(lines, fc.boolean(), (parts, ended) => {
      const before = parts.join("\n") + (ended ? "\n" : "");
      const after = editConfig(before, "toml", GCR);
      const others = (text: string) =>
        readToml(text)
          .filter(({ path }) => path[1] !== "docker.io")
          .map(({ kind, path, start, end }) => [kind, path, text.slice(start, end)]);
      expect(others(after)).toEqual(others(before));
      const { registries } = readEngineConfig(after, "toml");
      expect(registries.get("docker.io")?.mirrors).toEqual(["mirror.gcr.io"]);
      expect(editConfig(after, "toml", GCR)).toBe(after);
    }),
  );
});

test.each([{ Registries: {} }, { registries: { "docker.io": { Mirrors: [] } } }])(
  "%j is left alone: another spelling would be given twice",
  (value) => {
    const changes = {
      mirrors: new Map([["docker.io", ["a.example"]]]),
      plainHttp: new Set<string>(),
    };
    expect(() => editConfig(JSON.stringify(value), "json", changes)).toThrow(UnsafeEditError);
  },
);
