/** The names of circuits in Redis: keys, and the channels that announce their changes. */

import { checkText, type Field } from "../../options/check.js";
import { checkKeyWord, isKeyWord } from "../key-word.js";
import type { FleetKey } from "../store.js";
import { garbledError } from "./failure.js";

const MAX_NAME_LENGTH = 200;
/**
 * The version of the layout in all keys. A change of the layout needs a new version, so that old
 * and new processes do not mix.
 */
const VERSION = "1";

/** The option `prefix`. It accepts only characters that have no meaning in a SCAN pattern. */
export const prefixField: Field<string> = { absent: "dcb", read: checkKeyWord };

/** Builds the keys and channels of one store. */
export class RedisNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = `${prefix}:${VERSION}:`;
  }

  /**
   * Returns the key of a circuit. Only the part in braces decides which node of a cluster holds the
   * key.
   */
  key({ scope, name }: FleetKey): string {
    return `${this.#keyStart(scope)}${checkText(name, "the name of a circuit", MAX_NAME_LENGTH)}}`;
  }

  /** Returns the pattern of all keys in a scope. */
  pattern(scope: string): string {
    return `${this.#keyStart(scope)}*}`;
  }

  /** The pattern of the keys of all circuits. */
  get everyPattern(): string {
    return `${this.#prefix}{*:*}`;
  }

  /** Returns the scope in a key that this pattern found; undefined if the key is not that of a circuit. */
  scopeIn(key: string): string | undefined {
    const rest = key.slice(this.#prefix.length + 1);
    const scope = rest.slice(0, rest.indexOf(":")).replaceAll("%3A", ":");
    return isKeyWord(scope) ? scope : undefined;
  }

  /** Returns the name from a key that matched the pattern of its scope. */
  nameIn(key: string, scope: string): string {
    return key.slice(this.#keyStart(scope).length, -1);
  }

  /** Rejects an invalid name: other programs may have written any key. */
  checkFound(name: string, scope: string): void {
    if (name.length > 0 && name.length <= MAX_NAME_LENGTH) return;
    const key = `${this.#keyStart(scope)}${name.slice(0, MAX_NAME_LENGTH)}`;
    throw garbledError(name === "" ? `${key}}` : `${key}…}`, "its name");
  }

  /** Returns the key of the sorted set with the circuits of a scope. */
  index(scope: string): string {
    return `${this.#prefix}names:{${escapeColons(scope)}}`;
  }

  /** Returns the key that marks a recent scan of all keys for a scope. */
  searched(scope: string): string {
    return `${this.#prefix}searched:{${escapeColons(scope)}}`;
  }

  channel(scope: string): string {
    return `${this.#prefix}${escapeColons(scope)}`;
  }

  #keyStart(scope: string): string {
    return `${this.#prefix}{${escapeColons(scope)}:`;
  }
}

/** Escapes colons, so that scope `a:b` with name `c` differs from `a` with `b:c`. */
function escapeColons(scope: string): string {
  return checkKeyWord(scope, "the scope of a circuit").replaceAll(":", "%3A");
}
