/** docs/proxy.md: its programs are those of this folder and do what it says, its variables are the code's. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry } from "../../src/index.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { startSessionDouble } from "../../src/testing/index.js";
import { type Snippet, snippetsOfMarkdown } from "../package/snippets.js";
import { bareEnvironment, LANGUAGES, type Language } from "./sdk-programs.js";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const page = read("docs/proxy.md");
const snippets = snippetsOfMarkdown("docs/proxy.md", page);

const PROGRAMS = {
  TypeScript: { block: "ts", file: "typescript/rejected.mjs" },
  Python: { block: "python", file: "python/rejected.py" },
  Go: { block: "go", file: "go/rejected/main.go" },
};

/** Runs the program of the page in a session behind the proxy. */
async function runProgram(language: Language, { isLimited }: { isLimited: boolean }) {
  const guard = new Guard({ registry: createRegistry() });
  await using double = await startSessionDouble();
  const { address, close } = await startSessionProxy({ guard, target: double });
  if (isLimited) {
    const permit = guard.upstream("registry:docker.io")?.acquire();
    permit?.failure(new Error("limited"), { openNow: true, retryAfterMs: 60_000 });
  }
  const [command, ...args] = language.command("rejected");
  const env = bareEnvironment({
    DAGGER_SESSION_PORT: `${address.port}`,
    DAGGER_SESSION_TOKEN: address.token,
  });
  const ran = await promisify(execFile)(command, args, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
  await close();
  return ran;
}

describe.each(LANGUAGES)("the program in $name", (language) => {
  const { block, file } = PROGRAMS[language.name];

  test("is the one of this folder", () => {
    const found = snippets.filter((snippet: Snippet) => snippet.language === block);
    expect(found.map(({ text }) => text)).toEqual([read(`tests/sdks/${file}`)]);
  });

  test.runIf(language.isInstalled)("builds while all is well", async () => {
    const { code, stdout, stderr } = await runProgram(language, { isLimited: false });
    expect({ code, stdout: stdout.trim(), stderr }).toEqual({
      code: 0,
      stdout: "built",
      stderr: "",
    });
  });

  test.runIf(language.isInstalled)("says which circuit is open, and ends with 75", async () => {
    const { code, stdout, stderr } = await runProgram(language, { isLimited: true });
    expect(stderr).toMatch(/^registry:docker\.io is down, again in \d+ ms\n$/);
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 75, stdout: "" });
  });
});

test("the versions that were tried are those that are installed", () => {
  const { version } = JSON.parse(read("node_modules/@dagger.io/dagger/package.json"));
  const [, python] = /^dagger-io==(\S+)$/m.exec(read("tests/sdks/python/requirements.txt")) ?? [];
  const [, go] = /dagger\.io\/dagger v(\S+)/.exec(read("tests/sdks/go/go.mod")) ?? [];
  expect(page).toContain(`| with @dagger.io/dagger ${version} in the tests`);
  expect(page).toContain(`| with dagger-io ${python} in the tests |`);
  expect(page).toContain(`| with dagger.io/dagger ${go} in the tests |`);
});

test("the variables are those that the code reads", () => {
  const settings = read("src/cli/guard-settings.ts") + read("src/proxy/stand-in/real-cli.ts");
  const known = new Set(settings.match(/DAGGER_BREAKER_[A-Z_]*[A-Z]/g));
  const rows = [...page.matchAll(/^\| `(DAGGER_BREAKER_\w+)` \|/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual([...known].sort());
});

test("links of the page lead somewhere", () => {
  const targets = [...page.matchAll(/\]\(([\w.-]+\.md)(?:#([\w-]+))?\)/g)];
  expect(targets.length).toBeGreaterThan(5);
  for (const [, path = "", anchor] of targets) {
    const headings = read(`docs/${path}`).match(/^#+ .*$/gm) ?? [];
    const anchors = headings.map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    if (anchor !== undefined) expect(anchors, path).toContain(anchor);
  }
});
