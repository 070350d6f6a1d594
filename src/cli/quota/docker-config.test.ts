import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { processTable } from "../../runner/process-table.js";
import { dockerCredentials } from "./docker-config.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "docker-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HUB = "https://index.docker.io/v1/";
const encode = (text: string) => Buffer.from(text).toString("base64");

function lookUp(config: unknown, registry = "docker.io") {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  writeFileSync(join(folder, "config.json"), text);
  return dockerCredentials(registry, { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` });
}

function helper(name: string, script: string): void {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

test("a missing config.json means anonymous, without a note", async () => {
  expect(await dockerCredentials("docker.io", { DOCKER_CONFIG: folder })).toEqual({});
});

test("decodes auths, with colons in the password", async () => {
  expect(await lookUp({ auths: { [HUB]: { auth: encode("bot:a:b") } } })).toEqual({
    credentials: { username: "bot", password: "a:b" },
  });
});

test.each(["r.example:5000", "https://r.example:5000", "https://R.example:5000/v2/"])(
  "another registry is found under %s",
  async (key) => {
    expect(
      await lookUp({ auths: { [key]: { auth: encode("bot:pw") } } }, "r.example:5000"),
    ).toEqual({
      credentials: { username: "bot", password: "pw" },
    });
  },
);

test("takes no credentials of another registry", async () => {
  expect(await lookUp({ auths: { "r.example": { auth: encode("bot:pw") } } })).toEqual({});
});

test("skips an empty entry", async () => {
  for (const auth of [undefined, 7, "", encode("nocolon"), encode("bot:"), encode(":pw")]) {
    expect(await lookUp({ auths: { [HUB]: { auth } } })).toEqual({});
  }
  for (const config of [{ auths: null }, { auths: { [HUB]: null } }, []]) {
    expect(await lookUp(config)).toEqual({});
  }
});

test("reports an identity token, and does not use it", async () => {
  const { credentials, note } = await lookUp({ auths: { [HUB]: { identitytoken: "s3cret" } } });
  expect(credentials).toBeUndefined();
  expect(note).toMatch(/identity token for index.docker.io, but only passwords are supported/);
  expect(note).not.toContain("s3cret");
});

test("reports a file with invalid JSON without quoting it", async () => {
  const { note } = await lookUp('{"auths": s3cret');
  expect(note).toMatch(/config.json is not a JSON object$/);
  expect((await lookUp('"s3cret"')).note).toMatch(/is not a JSON object$/);
});

test("asks a credential helper for the registry, before auths", async () => {
  helper("store", `read key; echo "{\\"Username\\":\\"$key $1\\",\\"Secret\\":\\"pw\\"}"`);
  const config = { credsStore: "store", auths: { [HUB]: { auth: encode("bot:pw") } } };
  expect(await lookUp(config)).toEqual({
    credentials: { username: `${HUB} get`, password: "pw" },
  });
  const one = { credHelpers: { "r.example": "store" } };
  expect(await lookUp(one, "r.example")).toEqual({
    credentials: { username: "r.example get", password: "pw" },
  });
});

test.each([
  ["fails", "echo s3cret; echo s3cret >&2; exit 1", /has no credentials for this registry/],
  ["prints no JSON", "echo s3cret", /did not answer with JSON/],
  ["gives none", "echo '{}'", /gave no credentials/],
  ["gives a token", `echo '{"Username":"<token>","Secret":"s3cret"}'`, /identity token/],
])("reports a helper that %s without its output", async (_what, script, message) => {
  helper("bad", script);
  const { credentials, note } = await lookUp({ credsStore: "bad" });
  expect(credentials).toBeUndefined();
  expect(note).toMatch(message);
  expect(note).not.toContain("s3cret");
});

test("reports a missing helper, and runs none with a path for a name", async () => {
  expect((await lookUp({ credsStore: "gone" })).note).toBe(
    "docker-credential-gone cannot be run (ENOENT)",
  );
  expect((await lookUp({ credsStore: "../x" })).note).toMatch(
    /name of the credential helper is invalid; expected letters/,
  );
});

describe("a helper that would block forever", () => {
  const CONFIG = JSON.stringify({ credsStore: "slow" });

  function ask(script: string, timeoutMs: number) {
    helper("slow", script);
    writeFileSync(join(folder, "config.json"), CONFIG);
    const env = { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` };
    return dockerCredentials("docker.io", env, timeoutMs);
  }

  const pidIn = (file: string) => Number(readFileSync(join(folder, file), "utf8"));

  test.each([
    ["hangs", "sleep 60"],
    ["does not heed what tells it to end", "trap '' TERM INT; while :; do sleep 1; done"],
    ["waits for a child", "sleep 60 & wait"],
  ])("because it %s is ended with its descendants", async (_what, script) => {
    const { credentials, note } = await ask(`echo $$ > ${folder}/pid\n${script}`, 1_000);
    expect(credentials).toBeUndefined();
    expect(note).toBe("docker-credential-slow did not answer within 1000 ms");
    await expect.poll(() => isGone(pidIn("pid"))).toBe(true);
  });

  test("by writing endlessly is ended", async () => {
    const { note } = await ask(`echo $$ > ${folder}/pid\nwhile :; do echo s3cret; done`, 60_000);
    expect(note).toMatch(/wrote more output than credentials need$/);
    await expect.poll(() => isGone(pidIn("pid"))).toBe(true);
  });

  test("by its descendants is believed, and they are ended", async () => {
    const answer = '{"Username":"bot","Secret":"pw"}';
    const found = await ask(`echo $$ > ${folder}/pid\nsleep 60 &\necho '${answer}'`, 60_000);
    expect(found.credentials).toEqual({ username: "bot", password: "pw" });
    await expect.poll(() => isGone(pidIn("pid"))).toBe(true);
  });
});

test("reports a config.json that is a pipe without a writer, and does not wait for it", async () => {
  execFileSync("mkfifo", [join(folder, "config.json")]);
  const { note } = await dockerCredentials("docker.io", { DOCKER_CONFIG: folder });
  expect(note).toMatch(/config.json cannot be read \(not a regular file\)$/);
});

/** Returns whether all processes of a group have ended. */
function isGone(group: number): boolean {
  return processTable().every((entry) => entry.group !== group);
}
