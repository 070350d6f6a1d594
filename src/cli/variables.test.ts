import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { misspelledVariables, VARIABLES } from "./variables.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Returns the variables that occur in the files of a folder. Skips tests and `variables.ts`. */
function namedIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending) && !/\.test\.ts$|variables\.ts$/.test(path))
    .flatMap(
      (path) =>
        readFileSync(join(ROOT, folder, path), "utf8").match(/DAGGER_BREAKER_[A-Z_]*[A-Z]/g) ?? [],
    );
}

test("the list has each variable that the sources and the pages name, and no other", () => {
  const inSources = new Set(
    namedIn("src", ".ts").filter((name) => name !== "DAGGER_BREAKER_VERSION"),
  );
  expect([...inSources].sort()).toEqual([...VARIABLES].sort());
  for (const name of namedIn("docs", ".md")) expect(VARIABLES).toContain(name);
});

test.each([
  ["DAGGER_BREAKER_RETRIES", "DAGGER_BREAKER_RETRY"],
  ["DAGGER_BREAKER_TIMOUT", "DAGGER_BREAKER_TIMEOUT"],
  ["DAGGER_BREAKER_TIMEOUT_MS", "DAGGER_BREAKER_TIMEOUT"],
  ["DAGGER_BREAKER_MAXWAIT", "DAGGER_BREAKER_MAX_WAIT"],
  ["DAGGER_BREAKER_LEARNED", "DAGGER_BREAKER_LEARNT"],
  ["DAGGER_BREAKER_PINS", "DAGGER_BREAKER_PIN"],
  ["DAGGER_BREAKER_STOR", "DAGGER_BREAKER_STORE"],
  ["dagger_breaker_retry", "DAGGER_BREAKER_RETRY"],
])("%s is reported with %s, and without its value", (name, meant) => {
  const [text, ...others] = misspelledVariables({ [name]: "s3cret" });
  expect(text).toBe(`${name} has no effect; did you mean ${meant}?`);
  expect(others).toEqual([]);
});

test("the variables of this package are not reported, whatever a command reads", () => {
  expect(misspelledVariables(Object.fromEntries(VARIABLES.map((name) => [name, "1"])))).toEqual([]);
});

test.each([
  "VERSION",
  "BIN",
  "IMAGE",
  "HOME",
  "URL",
  "TAG",
  "INSTALL",
  "CACHE",
  "RELEASE",
  "ENABLED",
])("DAGGER_BREAKER_%s of a script's own is not reported", (name) => {
  expect(misspelledVariables({ [`DAGGER_BREAKER_${name}`]: "1" })).toEqual([]);
});

test("an empty variable, and one without the prefix, are not reported", () => {
  expect(misspelledVariables({ DAGGER_BREAKER_RETRIES: " ", BREAKER_RETRIES: "1" })).toEqual([]);
});

test("on Windows a variable in other letters is read, so it is not reported", () => {
  const env = { Dagger_Breaker_Retry: "1" };
  const caseless = new Proxy(env, {
    get: (target, name) =>
      Object.entries(target).find(([key]) => key.toUpperCase() === String(name))?.[1],
  });
  expect(misspelledVariables(caseless)).toEqual([]);
});
