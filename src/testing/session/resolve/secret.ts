/** Secrets: set as text, or read from the caller's environment or files on demand. */

import { readFile } from "node:fs/promises";
import type { SecretValue } from "../engine/values.js";
import { EngineError, systemErrorText } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";
import type { TypeResolvers } from "./resolver.js";

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
 * Returns a secret by its URI. `frame` is the engine's text before messages of the caller's side.
 * `reachCaller` fails if that side is gone.
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

/** Further providers of secrets in engines. */
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
