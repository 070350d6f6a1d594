import { Command } from "commander";
import { expect, test } from "vitest";
import { addStoreFlags, type StoreFlags, storeSettingsFrom } from "./store-settings.js";

function flagsOf(...argv: string[]): StoreFlags {
  const command = addStoreFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(argv, { from: "user" }).opts();
}

const STORE = { DAGGER_BREAKER_STORE: "redis://cache.example:6379" };

test("variables set the store, its scope and its token", () => {
  const env = {
    ...STORE,
    DAGGER_BREAKER_SCOPE: "203.0.113.7",
    DAGGER_BREAKER_STORE_TOKEN: " t0ken\n",
  };
  expect(storeSettingsFrom({}, env)).toEqual({
    url: "redis://cache.example:6379",
    scope: "203.0.113.7",
    token: "t0ken",
  });
});

test("options take precedence over the variables", () => {
  const flags = flagsOf("--store", "sqlite:/tmp/fleet.db", "--scope", "acme@docker.io");
  const settings = storeSettingsFrom(flags, { ...STORE, DAGGER_BREAKER_SCOPE: "other" });
  expect(settings).toMatchObject({ url: "sqlite:/tmp/fleet.db", scope: "acme@docker.io" });
});

test("by default there is no store, and a scope has its default", () => {
  expect(storeSettingsFrom({}, { DAGGER_BREAKER_STORE: " " })).toBeUndefined();
  expect(storeSettingsFrom({}, STORE)).toMatchObject({ scope: "default", token: undefined });
});

test.each([
  "redis://cache.example",
  "rediss://cache.example:6380/2",
  "http://127.0.0.1:8080",
  "https://fleet.example/",
  "sqlite:fleet.db",
])("%s is a store", (url) => {
  const env = { DAGGER_BREAKER_STORE_TOKEN: "a-token-of-the-fleet" };
  expect(storeSettingsFrom({ store: url }, env)?.url).toBe(url);
});

test("a store over HTTP needs a token", () => {
  const read = () => storeSettingsFrom({ store: "https://fleet.example" }, {});
  expect(read).toThrow(/^DAGGER_BREAKER_STORE_TOKEN is missing.*token of dagger-breaker serve$/);
});

test.each(["cache.example:6379", "memory:", "postgres://me:hunter2@db.example", "sqlite:", ""])(
  "%j is not a store, and the error does not show it",
  (url) => {
    const read = () => storeSettingsFrom(flagsOf("--store", url), {});
    expect(read).toThrow(/^invalid --store: .*; use redis:\/\/HOST:6379/);
    expect(read).not.toThrow(/hunter2/);
  },
);

test.each([
  ["redis://me:hunter2@cache.example:99999", "the URL of Redis is malformed"],
  ["redis://me:hunter2@cache.example:port", "the URL of Redis is malformed"],
  ["rediss://me:hunter2@cache.example/0/1", "the URL of Redis is malformed"],
  ["redis://me:%zzhunter2@cache.example", "the URL of Redis is malformed"],
  ["redis://[::1", "the URL of Redis is malformed"],
  [
    "https://me:hunter2@fleet.example",
    "must not contain credentials; put the token into DAGGER_BREAKER_STORE_TOKEN",
  ],
  ["https://fleet.example/?token=hunter2", "has a query or a fragment"],
  ["http://fleet example", "is invalid, expected http://HOST:PORT or https://HOST:PORT"],
  ["sqlite://fleet.db", "names no path"],
])("%j is malformed, which is a usage error, not a store that is down", (url, why) => {
  const read = () => storeSettingsFrom(flagsOf("--store", url), {});
  expect(read).toThrow(`invalid --store: the URL of `);
  expect(read).toThrow(why);
  expect(read).not.toThrow(/hunter2/);
});

test.each([
  ["redis://", "the host is missing"],
  ["https://", "the host is missing"],
  ["sqlite:", "the path is missing"],
])("%j lacks a part, which the error names", (url, why) => {
  expect(() => storeSettingsFrom(flagsOf("--store", url), {})).toThrow(`invalid --store: ${why}`);
});

test("names only the variable of an invalid token", () => {
  const env = { DAGGER_BREAKER_STORE_TOKEN: "hunter2" };
  const read = () => storeSettingsFrom({ store: "https://fleet.example" }, env);
  expect(read).toThrow("DAGGER_BREAKER_STORE_TOKEN has 7 characters; expected 16 to 512");
  expect(read).not.toThrow(/hunter2/);
});

test("names the variable of an invalid store", () => {
  const env = { DAGGER_BREAKER_STORE: "ftp://me:hunter2@x" };
  expect(() => storeSettingsFrom({}, env)).toThrow(
    /^invalid DAGGER_BREAKER_STORE: unsupported scheme "ftp:"; use/,
  );
});

test.each(["", "a b", "x".repeat(101), "a{b}"])("%j is not a scope", (scope) => {
  expect(() => flagsOf("--scope", scope)).toThrow(/--scope.*expected 1 to 100 of the characters/);
});
