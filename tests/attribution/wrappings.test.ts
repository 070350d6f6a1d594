import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { classifyFailure } from "../../src/attribution/classify/classify-failure.js";
import type { Failure } from "../../src/attribution/failure.js";
import { ATTRIBUTION_RULES } from "../../src/attribution/rules/index.js";

interface Row {
  readonly message: string;
  readonly operation: string;
  readonly seenIn: string;
}

const rows = ["failures.jsonl", "variants.jsonl", "holdout-failures.jsonl"].flatMap((name) =>
  readFileSync(new URL(`../fixtures/attribution/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row),
);

function classify({ operation, seenIn }: Row, text: string): Failure {
  return classifyFailure(text, { operation, source: seenIn });
}

function eachLine(change: (line: string) => string): (text: string) => string {
  return (text) => text.split("\n").map(change).join("\n");
}

const TRACE = "8f1e2d3c4b5a69788796a5b4c3d2e1f0-1a2b3c4d5e6f7081";

test.each<[string, (text: string) => string]>([
  ["GitHub's times", eachLine((line) => `2025-11-25T01:02:03.1234567Z ${line}`)],
  ["GitLab's times", eachLine((line) => `2025-11-25T01:02:03.123456Z 01E ${line}`)],
  ["Jenkins's times", eachLine((line) => `[2025-11-25T01:02:03.123Z] ${line}`)],
  ["clocks", eachLine((line) => `[01:02:03] ${line}`)],
  ["colours", eachLine((line) => `\u001b[31;1m${line}\u001b[0m`)],
  ["carriage returns", (text) => text.replaceAll("\n", "\r\n")],
  ["a trace id", (text) => `${text} [traceparent:${TRACE}]`],
  ["where to read on", (text) => `${text}\n\nPlease visit https://dagger.io/help#go for guidance.`],
  ["a runner's note", (text) => `${text}\n##[error]Process completed with exit code 1.`],
  ["a second copy", (text) => `${text}\n${text}`],
])("%s around a failure do not change whose it is", (_what, wrap) => {
  const changed = rows.filter((row) => {
    const [bare, wrapped] = [classify(row, row.message), classify(row, wrap(row.message))];
    return (
      bare.fault !== wrapped.fault ||
      bare.counts !== wrapped.counts ||
      bare.upstream !== wrapped.upstream
    );
  });
  expect(changed.map((row) => row.message)).toEqual([]);
});

const ENDED = 'process "make test" did not complete successfully: exit code: 1';

test.each<[string, (text: string) => string]>([
  ["its message quotes", (text) => `${ENDED}\nStdout:\n\nStderr:\n${text}`],
  [
    "buildkit's log shows",
    (text) =>
      `#9 [3/6] RUN make test\n${eachLine((line) => `#9 1.234 ${line}`)(text)}\n#9 ERROR: ${ENDED}`,
  ],
  [
    "dagger's log shows",
    (text) =>
      `1   : connect\n9   : withExec make test\n${eachLine((line) => `9   : [0.1s] | ${line}`)(text)}\n9   : Container.withExec ERROR [0.1s]\n9   : ! exit code: 1\n\nError: exit code: 1\nStderr:\n${text}`,
  ],
  [
    "a log shows that was cut before its end",
    (text) =>
      `1   : connect\n9   : withExec make test\n${eachLine((line) => `9   : [0.1s] | ${line}`)(text)}\n9   : Container.withExec ERROR [0.1s]`,
  ],
])("the output of a failed command counts against no upstream: %s it", (_what, wrap) => {
  const wrong = rows.filter((row) => {
    const { fault, counts } = classify(row, wrap(row.message));
    return fault !== "user" || counts;
  });
  expect(wrong.map((row) => row.message)).toEqual([]);
});

/** Words that rules look for, spelled as names of images or hosts. */
const names = [
  ...new Set(
    ATTRIBUTION_RULES.flatMap(({ when }) =>
      [when].flat().flatMap((one) => (typeof one === "function" ? [] : (one.any ?? []))),
    ).map((word) => word.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "")),
  ),
  "ratelimit",
  "toomanyrequests",
  "timeout",
  "eof",
  "503",
  "429-alpine",
].filter((name) => name !== "");

test.each<[string, string, boolean, string, (name: string) => string]>([
  [
    "image",
    "user",
    false,
    "from",
    (name) => `failed to resolve image "ghcr.io/acme/${name}:1": ghcr.io/acme/${name}:1: not found`,
  ],
  [
    "tag",
    "user",
    false,
    "from",
    (name) =>
      `failed to resolve image "ghcr.io/acme/app:${name}": ghcr.io/acme/app:${name}: not found`,
  ],
  [
    "image of a registry that fails",
    "registry",
    true,
    "from",
    (name) =>
      `unexpected status from HEAD request to https://ghcr.io/v2/acme/${name}/manifests/${name}: 503 Service Unavailable`,
  ],
  [
    "host",
    "registry",
    true,
    "from",
    (name) =>
      `failed to do request: Head "https://${name}.example.com/v2/a/manifests/1": dial tcp: lookup ${name}.example.com on 10.87.0.1:53: no such host`,
  ],
  [
    "repository",
    "user",
    false,
    "git",
    (name) =>
      `git error: exit status 128\nstderr:\nfatal: repository 'https://github.com/acme/${name}.git/' not found`,
  ],
  [
    "ref",
    "user",
    false,
    "git",
    (name) => `git error: exit status 128\nstderr:\nfatal: couldn't find remote ref ${name}`,
  ],
  ["command", "user", false, "unknown", (name) => `unknown command "${name}" for "dagger call"`],
  ["file", "user", false, "export", (name) => `stat /src/${name}/a: no such file or directory`],
])("a name of an %s is never read as words", (_what, fault, counts, operation, say) => {
  const wrong = names.filter((name) => {
    const got = classifyFailure(say(name), { operation, source: "cli" });
    return got.fault !== fault || got.counts !== counts;
  });
  expect(names.length).toBeGreaterThan(300);
  expect(wrong).toEqual([]);
});
