/**
 * Builds the names that Redis stores use for a circuit: its key, and the channel that announces its
 * changes.
 */

import { checkText, type Field } from "../../options/check.js";
import { checkKeyWord, isKeyWord } from "../key-word.js";
import type { FleetKey } from "../store.js";
import { garbledError } from "./failure.js";

const MAX_NAME_LENGTH = 200;
/**
 * The version of the data layout, which is a part of every key. Increase it when the layout
 * changes, so that old and new processes use separate keys.
 */
const VERSION = "1";

/**
 * Declares the option `prefix`. It allows only characters that have no meaning in a SCAN pattern.
 */
export const prefixField: Field<string> = { absent: "dcb", read: checkKeyWord };

/** Builds the keys and channels of one store. */
export class RedisNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = `${prefix}:${VERSION}:`;
  }

  /**
   * Returns the key of a circuit. In a cluster, only the part in braces decides which node holds
   * the key.
   */
  key({ scope, name }: FleetKey): string {
    return `${this.#keyStart(scope)}${checkText(name, "the name of a circuit", MAX_NAME_LENGTH)}}`;
  }

  /** Returns the SCAN pattern that matches the keys of all circuits in a scope. */
  pattern(scope: string): string {
    return `${this.#keyStart(scope)}*}`;
  }

  /** The SCAN pattern that matches the keys of all circuits. */
  get everyPattern(): string {
    return `${this.#prefix}{*:*}`;
  }

  /**
   * Returns the scope in a key that `everyPattern` matched. Returns undefined if the key does not
   * belong to a circuit.
   */
  scopeIn(key: string): string | undefined {
    const rest = key.slice(this.#prefix.length + 1);
    const scope = rest.slice(0, rest.indexOf(":")).replaceAll("%3A", ":");
    return isKeyWord(scope) ? scope : undefined;
  }

  /** Returns the circuit's name in a key that the pattern of its scope matched. */
  nameIn(key: string, scope: string): string {
    return key.slice(this.#keyStart(scope).length, -1);
  }

  /**
   * Throws if a name from Redis is invalid. The check is necessary because other programs can write
   * any key.
   */
  checkFound(name: string, scope: string): void {
    if (name.length > 0 && name.length <= MAX_NAME_LENGTH) return;
    const key = `${this.#keyStart(scope)}${name.slice(0, MAX_NAME_LENGTH)}`;
    throw garbledError(name === "" ? `${key}}` : `${key}…}`, "its name");
  }

  /** Returns the key of the sorted set that lists the circuits of a scope. */
  index(scope: string): string {
    return `${this.#prefix}names:{${escapeColons(scope)}}`;
  }

  /** Returns a key that exists while a scan of all keys for a scope is recent. */
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

/**
 * Escapes colons. Without the escape, scope `a:b` with name `c` would get the same key as scope `a`
 * with name `b:c`.
 */
function escapeColons(scope: string): string {
  return checkKeyWord(scope, "the scope of a circuit").replaceAll(":", "%3A");
}
