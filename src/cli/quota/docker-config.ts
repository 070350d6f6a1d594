/** Finds a registry's credentials where `docker login` stores them. */

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { QuotaCredentials } from "../../quota/quota-probe.js";
import { askHelper } from "./credential-helper.js";

/** The credentials that were found. If they are missing, `note` may explain why. */
export interface FoundCredentials {
  readonly credentials?: QuotaCredentials;
  readonly note?: string;
}

const HELPER_TIMEOUT_MS = 10_000;

/** The key under which Docker stores the credentials of Docker Hub. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/**
 * Returns the credentials of a registry from `config.json`. If a credential helper is configured,
 * asks that helper. Otherwise takes the credentials from `auths`.
 *
 * @param timeoutMs The time limit for a helper. Default: 10,000.
 */
export async function dockerCredentials(
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs = HELPER_TIMEOUT_MS,
): Promise<FoundCredentials> {
  const file = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker"), "config.json");
  const config = await readConfig(file);
  if (typeof config === "string") return { note: config };
  const key = registry === "docker.io" ? DOCKER_HUB_KEY : registry;
  const helper = field(field(config, "credHelpers"), key) ?? field(config, "credsStore");
  if (typeof helper === "string" && helper !== "") return fromHelper(helper, key, env, timeoutMs);
  return fromAuths(field(config, "auths"), key, file);
}

async function readConfig(file: string): Promise<object | string> {
  let text: string;
  try {
    text = await readRegular(file);
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "ENOENT" ? {} : `${file} cannot be read (${code})`;
  }
  if (text.trim() === "") return `${file} is empty`;
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null) return config;
  } catch {
    // Drops the parser's message, because it quotes the text, which contains credentials.
  }
  return `${file} is not a JSON object`;
}

/**
 * Reads a regular file. Opens it with O_NONBLOCK, because opening a pipe without a writer would
 * otherwise block forever.
 */
async function readRegular(file: string): Promise<string> {
  const opened = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await opened.stat();
    if (!found.isFile()) throw Object.assign(new Error("no file"), { code: "not a regular file" });
    return await opened.readFile("utf8");
  } finally {
    await opened.close();
  }
}

/**
 * Returns the credentials of a registry in `auths`. A key of `auths` may contain a scheme and a
 * path.
 */
function fromAuths(auths: unknown, key: string, file: string): FoundCredentials {
  const host = bareHost(key);
  const names = [key, ...Object.keys(asRecord(auths)).filter((name) => bareHost(name) === host)];
  for (const name of names) {
    const entry = field(auths, name);
    if (entry === undefined) continue;
    const credentials = decode(field(entry, "auth"));
    if (credentials !== undefined) return { credentials };
    if (typeof field(entry, "identitytoken") === "string") {
      return {
        note: `${file} has an identity token for ${host}, but only passwords are supported; use --username`,
      };
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
  timeoutMs: number,
): Promise<FoundCredentials> {
  if (!/^[\w.-]{1,64}$/.test(helper))
    return {
      note: 'the name of the credential helper is invalid; expected letters, digits, ".", "_" or "-"',
    };
  const program = `docker-credential-${helper}`;
  const answer = await askHelper(program, key, env, timeoutMs);
  if (typeof answer !== "object") return { note: `${program} ${answer}` };
  const username = field(answer, "Username");
  const password = field(answer, "Secret");
  if (typeof username !== "string" || typeof password !== "string" || !username || !password) {
    return { note: `${program} gave no credentials` };
  }
  if (username === "<token>") {
    return {
      note: `${program} has an identity token for ${bareHost(key)}, but only passwords are supported; use --username`,
    };
  }
  return { credentials: { username, password } };
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
