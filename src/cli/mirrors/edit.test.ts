import fc from "fast-check";
import { expect, test } from "vitest";
import { editConfig, type MirrorChanges, tomlForm, UnsafeEditError } from "./edit.js";
import { readEngineConfig } from "./engine-config.js";

function changes(mirrors: Record<string, string[]>, plainHttp: string[] = []): MirrorChanges {
  return { mirrors: new Map(Object.entries(mirrors)), plainHttp: new Set(plainHttp) };
}

const GCR = changes({ "docker.io": ["mirror.gcr.io"] });

test("a new engine.json contains only the mirrors", () => {
  expect(JSON.parse(editConfig(undefined, GCR))).toEqual({
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
  expect(editConfig(before, changes({ "docker.io": ["a", "b:5000"] }, ["b:5000"]))).toBe(`{
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

test("leaves a file with the same mirrors unchanged", () => {
  const json = '{"registries":{"docker.io":{"mirrors":["mirror.gcr.io"]}}}';
  expect(editConfig(json, GCR)).toBe(json);
});

test("does not risk a number that would be rounded", () => {
  const before = '{"gc":{"policies":[{"keepBytes":9007199254740993}]}}';
  expect(() => editConfig(before, GCR)).toThrow(UnsafeEditError);
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
      // Larger numbers are rejected; the test above shows that.
      fc.pre(!numbersOf(settings).some((number) => Math.abs(number) > Number.MAX_SAFE_INTEGER));
      const { registries, ...rest } = JSON.parse(editConfig(before, GCR));
      expect(rest).toEqual(JSON.parse(before));
      expect(registries).toEqual({ "docker.io": { mirrors: ["mirror.gcr.io"] } });
    }),
  );
});

test("a registry that is a plain mirror of another has one entry", () => {
  const text = editConfig(undefined, changes({ a: ["b:5000"], "b:5000": ["c"] }, ["b:5000"]));
  expect(JSON.parse(text)).toEqual({
    registries: { a: { mirrors: ["b:5000"] }, "b:5000": { mirrors: ["c"], http: true } },
  });
});

test("the form for an engine.toml is read back as the same mirrors", () => {
  const text = tomlForm(changes({ "docker.io": ["mirror.gcr.io", "b:5000/hub"] }, ["b:5000"]));
  expect(text).toContain('[registry."docker.io"]\nmirrors = [ "mirror.gcr.io", "b:5000/hub" ]\n');
  const { registries, problems } = readEngineConfig(text, "toml");
  expect(problems).toEqual([]);
  expect(registries.get("docker.io")?.mirrors).toEqual(["mirror.gcr.io", "b:5000/hub"]);
  expect(registries.get("b:5000")?.http).toBe(true);
});

test.each([{ Registries: {} }, { registries: { "docker.io": { Mirrors: [] } } }])(
  "leaves %j alone, because the edit would add another spelling",
  (value) => {
    const changes = {
      mirrors: new Map([["docker.io", ["a.example"]]]),
      plainHttp: new Set<string>(),
    };
    expect(() => editConfig(JSON.stringify(value), changes)).toThrow(UnsafeEditError);
  },
);
