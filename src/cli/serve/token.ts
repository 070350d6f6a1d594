/**
 * Finds the token of a server. The token is never an argument, because other users can read a
 * command line.
 */

import { closeSync, openSync, readSync } from "node:fs";
import { codeOf } from "../../files/error-code.js";
import { checkToken } from "../../fleet/http/token.js";
import { EXIT } from "../exit-codes.js";
import { CommandError, type Terminal } from "../terminal.js";

const VARIABLE = "DAGGER_BREAKER_STORE_TOKEN";

/** The maximum size of a token file. */
const MAX_FILE_BYTES = 4096;

/**
 * Reads the token from a file, or else from the environment.
 *
 * @throws CommandError that explains how to create a token. Its message never contains a token.
 */
export function serverToken(file: string | undefined, env: Terminal["env"]): string {
  if (file !== undefined) return tokenIn(file);
  const token = env[VARIABLE]?.trim() ?? "";
  if (token !== "") return checked(token, VARIABLE);
  throw new CommandError(
    `the token is missing; put it into ${VARIABLE} or a file for --token-file; "openssl rand -hex 32" creates one`,
    EXIT.usage,
  );
}

/**
 * Reads the token for `/metrics` from a file. It must differ from the clients' token, so that a
 * scraper cannot open circuits.
 *
 * @throws CommandError whose message does not contain a token.
 */
export function readToken(file: string, clientToken: string): string {
  const token = tokenIn(file);
  if (token !== clientToken) return token;
  throw new CommandError(
    `the token in ${file} is also the token of clients; use a different token, because scrapers must not be able to open circuits`,
    EXIT.usage,
  );
}

function tokenIn(file: string): string {
  const text = readSecretFile(file).trim();
  if (text !== "") return checked(text, `the token in ${file}`);
  throw new CommandError(`${JSON.stringify(file)} is empty; put the token into it`, EXIT.usage);
}

function checked(token: string, label: string): string {
  try {
    return checkToken(token, label);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : label, EXIT.usage);
  }
}

/**
 * Reads a file that contains only a token or another secret. `what` is the name of the secret in an
 * error.
 */
export function readSecretFile(file: string, what = "token"): string {
  let descriptor: number | undefined;
  try {
    // Opens a path, so that a pipe works too, as in --token-file <(pass show fleet).
    descriptor = openSync(file, "r");
    const buffer = Buffer.alloc(MAX_FILE_BYTES);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length === buffer.length) return buffer.toString("utf8", 0, length);
    }
  } catch (error) {
    const code = codeOf(error);
    throw new CommandError(
      `cannot read ${JSON.stringify(file)} (${String(code)}); use a file that contains the ${what}`,
      EXIT.noInput,
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
