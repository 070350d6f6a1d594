/** Secrets: set as text, or read from the environment or files of the client when they are used. */

import { readFile } from "node:fs/promises";
import type { TypeResolvers } from "../engine/resolver.js";
import type { SecretValue } from "../engine/values.js";
import { EngineError, systemErrorText } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";

export function setSecret(name: string, plaintext: string): SecretValue {
  return {
    typeName: "Secret",
    key: contentKey("set secret", name, plaintext),
    name,
    uri: "",
    plaintext: async () => plaintext,
  };
}

/**
 * Returns the secret for a URI.
 *
 * @param frame The text that engines put before a message of the client.
 * @param reachCaller Rejects if the client is gone.
 */
export function secretByUri(
  uri: string,
  frame: string,
  reachCaller: () => Promise<void>,
): SecretValue {
  return {
    typeName: "Secret",
    key: contentKey("secret", uri),
    name: "",
    uri,
    async plaintext() {
      await reachCaller();
      return readSecret(uri, frame);
    },
  };
}

/** Sources of secrets that engines support and the double does not. */
const OTHER_PROVIDERS = ["aws", "cmd", "gcp", "libsecret", "op", "vault"];

async function readSecret(uri: string, frame: string): Promise<string> {
  const [scheme, rest = ""] = uri.split("://", 2);
  if (scheme === "env") {
    const value = process.env[rest];
    if (value !== undefined) return value;
    throw new EngineError(`${frame}secret env var not found: "${rest.slice(0, 3)}..."`);
  }
  if (scheme === "file") {
    try {
      return await readFile(rest, "utf8");
    } catch (error) {
      throw new EngineError(
        `${frame}failed to read secret file "${rest}": open ${rest}: ${systemErrorText(error)}`,
      );
    }
  }
  if (OTHER_PROVIDERS.includes(scheme ?? "")) {
    throw new EngineError(`the session double does not support secrets of ${scheme}://`);
  }
  throw new EngineError(`${frame}unsupported secret provider: "${scheme}"`);
}

export const secretResolvers: TypeResolvers<SecretValue> = {
  name: (secret) => secret.name,
  uri: (secret) => secret.uri,
  plaintext: (secret) => secret.plaintext(),
};
