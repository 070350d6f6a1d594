/** `dagger-breaker run` starts at once: of shared circuits it loads what it was asked for, and no more. */

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { builtCli } from "./built-cli.js";

const cli = builtCli();

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

/** What a run loads: our own modules as they lie in src, packages by their names. */
async function loadedBy(env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const folder = mkdtempSync(join(cli.folder, "loaded-"));
  const run = await cli.run(["run", "--", "true"], { env: { NODE_V8_COVERAGE: folder, ...env } });
  expect(run.exitCode, run.stderr).toBe(0);
  const reports = readdirSync(folder).map(
    (name): Coverage => JSON.parse(readFileSync(join(folder, name), "utf8")),
  );
  const names = reports.flatMap(({ result }) => result.flatMap(({ url }) => nameOf(url)));
  return [...new Set(names)].sort();
}

function nameOf(url: string): string | [] {
  const own = `${pathToFileURL(cli.folder)}/dist/`;
  if (url.startsWith(own)) return url.slice(own.length).replace(/\.js$/, "");
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [];
}

const ofFleet = (loaded: readonly string[]) => loaded.filter((name) => name.startsWith("fleet/"));
/** The stores, by their files, and the clients of Redis. */
const ofStores = (loaded: readonly string[]) =>
  loaded.filter((name) => /^fleet\/.*\/\w+-store$|^ioredis$|^@redis\//.test(name));

test("without a store it loads nothing that only shared circuits need", async () => {
  const loaded = await loadedBy();
  expect(loaded).toContain("runner/guarded-run");
  expect(ofStores(loaded)).toEqual([]);
  // A folder is made for other files as well, a scope is checked before it is needed, and a
  // rejection may have come from another process.
  expect(ofFleet(loaded).sort()).toEqual([
    "fleet/client/shared-open-error",
    "fleet/folders",
    "fleet/foreign-text",
    "fleet/key-word",
  ]);
});

test.each([
  ["http://127.0.0.1:1", ["fleet/http/http-store"]],
  ["sqlite:fleet.db", ["fleet/sqlite/sqlite-store"]],
  ["redis://127.0.0.1:1", ["@redis/client", "fleet/redis/redis-store"]],
])("with %s it loads that store and no other", async (store, expected) => {
  const path = store.replace("sqlite:", `sqlite:${cli.folder}/`);
  const env = { DAGGER_BREAKER_STORE: path, DAGGER_BREAKER_STORE_TOKEN: "t".repeat(32) };
  expect(ofStores(await loadedBy(env))).toEqual(expected);
});
