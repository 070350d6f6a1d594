/** Secrets: set as text, or read from the caller's environment or files when they are needed. */

import { readFile } from "node:fs/promises";
import type { SecretValue } from "../engine/values.js";
import { EngineError, systemErrorText } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";
import type { TypeResolvers } from "./resolver.js";

/** A secret whose text is known. */
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
 * A secret by its URI. `frame` is what the engine puts before what the caller's side says, and
 * `reachCaller` fails where that side is gone.
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

/** Where engines find secrets too. */
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
    throw new EngineError(`the session double does not speak secrets of ${scheme}://`);
  }
  throw new EngineError(`${frame}unsupported secret provider: "${scheme}"`);
}

/** The resolvers of `Secret`. */
export const secretResolvers: TypeResolvers<SecretValue> = {
  name: (secret) => secret.name,
  uri: (secret) => secret.uri,
  plaintext: (secret) => secret.plaintext(),
};
