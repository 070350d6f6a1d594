/**
 * Reads the address to which notifications are sent, and the secret that signs them. No message
 * shows the address or the secret.
 */

import { EXIT } from "../../exit-codes.js";
import { CommandError, type Terminal } from "../../terminal.js";
import { readSecretFile } from "../token.js";

const VARIABLE = "DAGGER_BREAKER_NOTIFY_URL";
const MAX_URL_LENGTH = 2000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const KEY_BYTES = { min: 24, max: 64 };

/** The options of `serve` for notifications. */
export interface NotifyFlags {
  readonly notify?: string;
  readonly notifySecretFile?: string;
}

/** The receiver of notifications. */
export interface NotifySettings {
  readonly url: string;
  /** The key for signatures; undefined if notifications are not signed. */
  readonly key: Buffer | undefined;
}

/**
 * Returns the settings; undefined without a URL.
 *
 * @throws CommandError that names the option or the variable. It shows neither the URL nor the
 * secret, because the URL of a webhook is a secret too.
 */
export function notifySettingsFrom(
  { notify, notifySecretFile }: NotifyFlags,
  env: Terminal["env"],
): NotifySettings | undefined {
  const given = notify ?? env[VARIABLE];
  const url = given?.trim() ?? "";
  if (url === "" && notify === undefined) {
    if (notifySecretFile === undefined) return undefined;
    throw new CommandError(
      `--notify is missing; --notify-secret-file has no effect without --notify or ${VARIABLE}`,
      EXIT.usage,
    );
  }
  const problem = problemOf(url);
  if (problem !== undefined) {
    const where = notify === undefined ? VARIABLE : "--notify";
    throw new CommandError(
      `invalid ${where}: ${problem}; use https://HOST/PATH (the value is not shown, since it may be a secret)`,
      EXIT.usage,
    );
  }
  const key = notifySecretFile === undefined ? undefined : readKey(notifySecretFile);
  return { url, key };
}

function problemOf(text: string): string | undefined {
  if (text.length > MAX_URL_LENGTH) return `it has over ${MAX_URL_LENGTH} characters`;
  if (!URL.canParse(text)) return "it is not a URL";
  const { protocol, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return "it is not an http or https URL";
  if (username !== "" || password !== "") return "it has a user name or password";
  return undefined;
}

function readKey(file: string): Buffer {
  const text = readSecretFile(file, "secret")
    .trim()
    .replace(/^whsec_/, "");
  const key = Buffer.from(text, "base64");
  if (BASE64.test(text) && key.length >= KEY_BYTES.min && key.length <= KEY_BYTES.max) return key;
  throw new CommandError(
    `the secret in ${file} is invalid; expected base64 of ${KEY_BYTES.min} to ${KEY_BYTES.max} bytes; "openssl rand -base64 32" creates one`,
    EXIT.usage,
  );
}
