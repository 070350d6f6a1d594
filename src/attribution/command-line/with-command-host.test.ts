// Command lines, with the output of the commands that failed. Each row was labeled before the classifier was
// tried on it.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { classifyFailure } from "../classify/classify-failure.js";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly command: readonly string[];
  readonly input?: string;
  readonly exitCode: number;
  readonly fault?: string;
  readonly upstream: string | null;
}

const rows = readFileSync(
  new URL("../../../tests/fixtures/attribution/holdout-command-lines.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): Row => JSON.parse(line));

test.each(rows)("the upstream is the only host of that kind: $id", (row) => {
  const { text, command, input, exitCode, fault, upstream } = row;
  const found = classifyFailure(text, { source: "cli", exitCode, command, input });
  expect(found.upstream).toBe(upstream);
  if (fault !== undefined) expect(found.fault).toBe(fault);
});

test("a text gives the same as its words", () => {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const differing = rows.filter(({ text, command, input, upstream }) => {
    const found = classifyFailure(text, { command: command.map(quoted).join(" "), input });
    return found.upstream !== upstream;
  });
  expect(differing.map(({ id }) => id)).toEqual([]);
});

test("whatever a command line holds, nothing is thrown and only a host comes out", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("dagger", "call", "core", "-c", "--url", "--args", "with-exec", "query", "git"),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );
  fc.assert(
    fc.property(fc.array(word), fc.string(), (words, input) => {
      const command = ["dagger", ...words];
      const { upstream } = classifyFailure(
        "Error: invalid response status 503 Service Unavailable",
        {
          command,
          input,
        },
      );
      expect(upstream ?? "a.b").toMatch(/^[\w.*[\]:-]+$/);
    }),
  );
});

test("a command that is not a list of texts names no host", () => {
  const text = "Error: invalid response status 503 Service Unavailable";
  for (const command of [null, 7, {}, [7, null], Proxy.revocable([], {}).proxy]) {
    expect(classifyFailure(text, { command } as never).upstream).toBeNull();
  }
});
