import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { notifySettingsFrom } from "./notify-settings.js";

const SECRET = Buffer.from("hunter2-hunter2-hunter2-hunter2").toString("base64");

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "serve-notify-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "secret"), text);
  return join(folder, "secret");
}

test("the address comes from the option, else from the variable, and may be left out", () => {
  const env = { DAGGER_BREAKER_NOTIFY_URL: " https://hooks.example/b\n" };
  const from = (flags: object, given: object = env) => notifySettingsFrom(flags, { ...given });
  expect(from({})).toEqual({ url: "https://hooks.example/b", key: undefined });
  expect(from({ notify: "http://127.0.0.1:9/a" })?.url).toBe("http://127.0.0.1:9/a");
  expect(from({}, {})).toBeUndefined();
  expect(from({}, { DAGGER_BREAKER_NOTIFY_URL: "" })).toBeUndefined();
});

test.each([`${SECRET}\n`, `whsec_${SECRET}`])("the secret is base64: case %#", (text) => {
  const flags = { notify: "https://hooks.example/a", notifySecretFile: fileOf(text) };
  expect(notifySettingsFrom(flags, {})?.key?.toString()).toBe("hunter2-hunter2-hunter2-hunter2");
});

test.each([
  ["", /^invalid --notify: it is not a URL; use https:\/\/HOST\/PATH/],
  ["hooks.example/hunter2", /it is not a URL/],
  ["ftp://hooks.example/hunter2", /it is not an http or https URL/],
  ["https://u:hunter2@hooks.example", /it has a user name or password/],
  [`https://hooks.example/${"hunter2".repeat(300)}`, /it has over 2000 characters/],
])("rejects the address of case %# without showing it", (notify, message) => {
  const read = () => notifySettingsFrom({ notify }, {});
  expect(read).toThrow(message);
  expect(read).not.toThrow(/hunter2/);
  if (notify === "") return;
  const fromVariable = () => notifySettingsFrom({}, { DAGGER_BREAKER_NOTIFY_URL: notify });
  expect(fromVariable).toThrow(/^invalid DAGGER_BREAKER_NOTIFY_URL: /);
  expect(fromVariable).not.toThrow(/hunter2/);
});

test.each([
  "hunter2",
  "hunter2 hunter2 hunter2 hunter2 hunter2",
  Buffer.alloc(65).toString("base64"),
  "",
])("rejects the secret of case %# without showing it", (text) => {
  const flags = { notify: "https://hooks.example/a", notifySecretFile: fileOf(text) };
  const read = () => notifySettingsFrom(flags, {});
  expect(read).toThrow(/^the secret in .* is invalid; expected base64 of 24 to 64 bytes/);
  expect(read).not.toThrow(/hunter2/);
});

test("a secret without an address, and a file that is not there, are errors", () => {
  expect(() => notifySettingsFrom({ notifySecretFile: "secret.txt" }, {})).toThrow(
    "--notify is missing; --notify-secret-file has no effect without --notify or DAGGER_BREAKER_NOTIFY_URL",
  );
  const flags = { notify: "https://hooks.example/a", notifySecretFile: "/nowhere/secret" };
  expect(() => notifySettingsFrom(flags, {})).toThrow(
    'cannot read "/nowhere/secret" (ENOENT); use a file that contains the secret',
  );
});
