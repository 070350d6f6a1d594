import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readToken, serverToken } from "./token.js";

const TOKEN = "0123456789abcdef0123456789abcdef";

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "serve-token-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), text);
  return join(folder, "token");
}

test("a token comes from a file, otherwise from the environment", () => {
  const env = { DAGGER_BREAKER_STORE_TOKEN: ` ${TOKEN}\n` };
  expect(serverToken(undefined, env)).toBe(TOKEN);
  expect(serverToken(fileOf(`${TOKEN}x\n`), env)).toBe(`${TOKEN}x`);
});

test.each([
  ["nothing", {}, /^the token is missing; put it into DAGGER_BREAKER_STORE_TOKEN .*openssl/],
  ["an empty one", { DAGGER_BREAKER_STORE_TOKEN: " " }, /^the token is missing/],
  [
    "a short one",
    { DAGGER_BREAKER_STORE_TOKEN: "secret" },
    /^DAGGER_BREAKER_STORE_TOKEN has 6 characters; expected 16 to 512/,
  ],
])("rejects an environment with %s", (_, env, message) => {
  expect(() => serverToken(undefined, env)).toThrow(message);
});

test("rejects a file with other content without showing it", () => {
  const file = fileOf("secret secret secret");
  expect(() => serverToken(file, {})).toThrow(
    `the token in ${file} has 20 characters, some of them not allowed; expected 16 to 512 visible characters of ASCII without spaces`,
  );
  expect(() => serverToken(fileOf("x".repeat(9999)), {})).toThrow("has 4096 characters; expected");
  expect(() => serverToken(`${file}.none`, {})).toThrow(/^cannot read .* \(ENOENT\)/);
});

test("a token file that is empty is named as empty", () => {
  const file = fileOf("\n");
  expect(() => serverToken(file, {})).toThrow(`${JSON.stringify(file)} is empty; put the token`);
  expect(() => readToken(file, TOKEN)).toThrow(`${JSON.stringify(file)} is empty; put the token`);
});

test("the token for metrics is another one than that of clients", () => {
  expect(readToken(fileOf(`${TOKEN}y\n`), TOKEN)).toBe(`${TOKEN}y`);
  const same = () => readToken(fileOf(TOKEN), TOKEN);
  expect(same).toThrow(/is also the token of clients; use a different token/);
  expect(same).not.toThrow(TOKEN);
  expect(() => readToken(fileOf("short"), TOKEN)).toThrow("has 5 characters; expected 16 to 512");
});
