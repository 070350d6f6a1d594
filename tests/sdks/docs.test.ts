/**
 * Tests docs/proxy.md: its programs equal those in this folder and work as described. Its variables equal
 * those in the code.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry } from "../../src/index.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { startSessionDouble } from "../../src/testing/index.js";
import { type Snippet, snippetsOfMarkdown } from "../package/snippets.js";
import { bareEnvironment } from "./sdk-programs.js";
import { SDKS, type Sdk } from "./sdks.js";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");
const page = read("docs/proxy.md");
const pom = read("tests/sdks/java/pom.xml");
const snippets = snippetsOfMarkdown("docs/proxy.md", page);

/** Matches the output of a program that can read which circuit is open, and for how long. */
const READ = /^registry:docker\.io is down, again in \d+ ms\n$/;

/** The programs on the page, with the names of the packages that they need. */
const PROGRAMS = {
  TypeScript: {
    block: "ts",
    file: "typescript/rejected.mjs",
    prints: READ,
    package: "@dagger.io/dagger",
  },
  Python: { block: "python", file: "python/rejected.py", prints: READ, package: "dagger-io" },
  Go: { block: "go", file: "go/rejected/main.go", prints: READ, package: "dagger.io/dagger" },
  Rust: {
    block: "rust",
    file: "rust/rejected.rs",
    prints: /^down: registry:docker\.io, retry in \d+s\n$/,
    package: "dagger-sdk",
  },
} as const;

/** Runs a program of the page in a session behind the proxy. */
async function runProgram(sdk: Sdk, { isLimited }: { isLimited: boolean }) {
  const guard = new Guard({ registry: createRegistry() });
  await using double = await startSessionDouble({
    engineVersion: sdk.engineVersion,
    workdir: tmpdir(),
  });
  const { address, close } = await startSessionProxy({ guard, target: double });
  if (isLimited) {
    const permit = guard.upstream("registry:docker.io")?.acquire();
    permit?.failure(new Error("limited"), { openNow: true, retryAfterMs: 60_000 });
  }
  const [command, ...args] = sdk.command("rejected");
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

describe.each(SDKS)("the program in $name", (sdk) => {
  const { block, file, prints } = PROGRAMS[sdk.language];

  test("is the program of this folder", () => {
    const found = snippets.filter((snippet: Snippet) => snippet.language === block);
    expect(found.map(({ text }) => text)).toEqual([read(`tests/sdks/${file}`)]);
  });

  test.runIf(sdk.isInstalled)("builds if nothing fails", async () => {
    const { code, stdout, stderr } = await runProgram(sdk, { isLimited: false });
    expect({ code, stdout: stdout.trim(), stderr }).toEqual({
      code: 0,
      stdout: "built",
      stderr: "",
    });
  });

  test.runIf(sdk.isInstalled)("prints which circuit is open, and exits with 75", async () => {
    const { code, stdout, stderr } = await runProgram(sdk, { isLimited: true });
    expect(stderr).toMatch(prints);
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 75, stdout: "" });
  });
});

test("the tested versions are the installed ones", () => {
  for (const [language, { package: name }] of Object.entries(PROGRAMS)) {
    const versions = SDKS.filter((sdk) => sdk.language === language).map(({ version }) => version);
    const row = new RegExp(`^\\| ${language} \\| .* \\| (.*) \\|$`, "m").exec(page)?.[1];
    expect(row).toContain(`${name} ${versions.join(" and ")}`);
  }
  const [, smallRye] = /client-implementation-vertx.*\s*<version>(.*)</.exec(pom) ?? [];
  expect(page).toContain(`SmallRye ${smallRye}.`);
});

test("each tested SDK has a row of observations", () => {
  const [, table = ""] = /^## How SDKs differ\n(.*?)\n## /ms.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| (\w+) ([^|]*) \|/gm)].map(([, language, versions]) => ({
    language,
    versions,
  }));
  for (const { language, version } of SDKS) {
    const row = rows.find((one) => one.language === language && one.versions?.includes(version));
    expect(row, `${language} ${version}`).toBeDefined();
  }
});

test("the variables are those that the code reads", () => {
  const settings = read("src/cli/guard-settings.ts") + read("src/proxy/stand-in/real-cli.ts");
  const known = new Set(settings.match(/DAGGER_BREAKER_[A-Z_]*[A-Z]/g));
  const rows = [...page.matchAll(/^\| `(DAGGER_BREAKER_\w+)` \|/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual([...known].sort());
});

test("links of the page have a target", () => {
  const targets = [...page.matchAll(/\]\(([\w.-]+\.md)?(?:#([\w-]+))?\)/g)];
  expect(targets.length).toBeGreaterThan(5);
  for (const [, path = "proxy.md", anchor] of targets) {
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
