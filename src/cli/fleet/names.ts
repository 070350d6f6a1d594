/** Checks the names of circuits on a command line. */

import { isCircuit } from "../../fleet/client/circuit-name.js";
import { sharedName } from "../../guard/admission/shared-upstreams.js";
import { needsField } from "../../guard/guard-options.js";
import { EXIT } from "../exit-codes.js";
import { plainText } from "../plain-text.js";
import { CommandError } from "../terminal.js";

const MAX_NAME_LENGTH = 200;

/**
 * Checks names, and returns them without duplicates.
 *
 * @throws CommandError for an invalid name.
 */
export function readNames(names: readonly string[]): readonly string[] {
  for (const name of names) {
    // The user may have given the URL of a store by mistake. That URL may contain a password.
    if (name.includes("://")) {
      throw new CommandError(
        "invalid <name>: it is a URL, which is not shown; use the name of a circuit, such as registry:docker.io",
        EXIT.usage,
      );
    }
    if (name === "" || name.length > MAX_NAME_LENGTH) {
      throw new CommandError(
        `invalid <name>: it has ${name.length} characters; use 1 to ${MAX_NAME_LENGTH}`,
        EXIT.usage,
      );
    }
    if (!isCircuit({ name })) {
      throw new CommandError(
        `invalid <name>: ${quoted(name)} is reserved for counts of runs; use the name of a circuit, such as registry:docker.io`,
        EXIT.usage,
      );
    }
  }
  return [...new Set(names)];
}

/** Returns why no guard can have a circuit with this name; undefined if a guard can have one. */
export function guardNameProblem(name: string): string | undefined {
  if (name === "engine" || name.startsWith("engine:")) {
    const shared = sharedName("engine", `tcp://${name.slice("engine:".length)}`);
    if (shared === name) return undefined;
    return `${quoted(name)} is not the engine of another machine, expected engine:HOST:PORT`;
  }
  try {
    needsField.read([name], "it");
  } catch (error) {
    const [, expected = ""] = /(expected .*)$/.exec((error as Error).message) ?? [];
    return `${quoted(name)} is not a name that guards use, ${plainText(expected)}`;
  }
  if (sharedName(name, undefined) !== undefined) return undefined;
  return `${quoted(name)} names a different host on every machine, so it is never shared`;
}

/** Renders a name inside a sentence. */
export function quoted(name: string): string {
  return plainText(JSON.stringify(name));
}
