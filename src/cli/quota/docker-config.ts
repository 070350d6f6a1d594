/** Looks up a registry's credentials where `docker login` leaves them. */

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { QuotaCredentials } from "../../guard/quota-probe.js";

/** What was found. `note` says why there are none where one might expect some. */
export interface FoundCredentials {
  readonly credentials?: QuotaCredentials;
  readonly note?: string;
}

const HELPER_TIMEOUT_MS = 10_000;
const MAX_HELPER_OUTPUT_BYTES = 64 * 1024;

/** What Docker calls Docker Hub. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/** Credentials of a registry from `config.json`: from a credential helper if it names one, else from its `auths`. */
export async function dockerCredentials(
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundCredentials> {
  const file = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker"), "config.json");
  const config = await readConfig(file);
  if (typeof config === "string") return { note: config };
  const key = registry === "docker.io" ? DOCKER_HUB_KEY : registry;
  const helper = field(field(config, "credHelpers"), key) ?? field(config, "credsStore");
  if (typeof helper === "string" && helper !== "") return fromHelper(helper, key, env);
  return fromAuths(field(config, "auths"), key, file);
}

async function readConfig(file: string): Promise<object | string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "ENOENT" ? {} : `${file} cannot be read (${code})`;
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null) return config;
  } catch {
    // The parser's message quotes the text.
  }
  return `${file} is no JSON object`;
}

/** Reads `auths`, whose keys come with and without a scheme and a path. */
function fromAuths(auths: unknown, key: string, file: string): FoundCredentials {
  const host = bareHost(key);
  const names = [key, ...Object.keys(asRecord(auths)).filter((name) => bareHost(name) === host)];
  for (const name of names) {
    const entry = field(auths, name);
    if (entry === undefined) continue;
    const credentials = decode(field(entry, "auth"));
    if (credentials !== undefined) return { credentials };
    if (typeof field(entry, "identitytoken") === "string") {
      return { note: `${file} holds an identity token for ${host}, which is not used` };
    }
  }
  return {};
}

function decode(auth: unknown): QuotaCredentials | undefined {
  if (typeof auth !== "string") return undefined;
  const text = Buffer.from(auth, "base64").toString("utf8").replaceAll("\0", "");
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function fromHelper(
  helper: string,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundCredentials> {
  if (!/^[\w.-]{1,64}$/.test(helper))
    return { note: "the credential helper's name is no plain name" };
  const program = `docker-credential-${helper}`;
  const answer = await askHelper(program, key, env);
  if (typeof answer !== "object") return { note: `${program} ${answer}` };
  const username = field(answer, "Username");
  const password = field(answer, "Secret");
  if (typeof username !== "string" || typeof password !== "string" || !username || !password) {
    return { note: `${program} gave no credentials` };
  }
  if (username === "<token>") {
    return { note: `${program} holds an identity token for ${bareHost(key)}, which is not used` };
  }
  return { credentials: { username, password } };
}

/** Runs a helper; gives its answer, or says what went wrong without a word of its output. */
function askHelper(
  program: string,
  key: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<object | string> {
  return new Promise((resolve) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"] });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve(`did not answer within ${HELPER_TIMEOUT_MS} ms`);
    }, HELPER_TIMEOUT_MS);
    const finish = (result: object | string) => {
      clearTimeout(timer);
      resolve(result);
    };
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.length <= MAX_HELPER_OUTPUT_BYTES) output += text;
    });
    child.on("error", (error: NodeJS.ErrnoException) => finish(`cannot be run (${error.code})`));
    child.on("close", (code) => {
      if (code !== 0) finish("has no credentials for it");
      else finish(parseAnswer(output));
    });
    // A helper that ends without reading closes the pipe; its exit code tells.
    child.stdin.on("error", () => {});
    child.stdin.end(key);
  });
}

function parseAnswer(output: string): object | string {
  try {
    return asRecord(JSON.parse(output));
  } catch {
    return "answered what is no JSON";
  }
}

function bareHost(key: string): string {
  return key
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "")
    .toLowerCase();
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function field(value: unknown, name: string): unknown {
  return Object.hasOwn(asRecord(value), name) ? asRecord(value)[name] : undefined;
}
