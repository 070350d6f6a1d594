/** What circuits are called in Redis: keys, and the channels that hear of their changes. */

import { checkText, type Field } from "../../options/check.js";
import { checkKeyWord } from "../key-word.js";
import type { FleetKey } from "../store.js";
import { garbledError } from "./failure.js";

const MAX_NAME_LENGTH = 200;
/** Of what is kept, so that a later layout is never taken for this one. */
const VERSION = "1";

/** A field that holds a prefix; none of its characters means anything in a pattern. */
export const prefixField: Field<string> = { absent: "dcb", read: checkKeyWord };

/** Names the keys and channels of one store. */
export class RedisNames {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = `${prefix}:${VERSION}:`;
  }

  /** The braces keep it whole in a cluster, whatever the name holds. */
  key({ scope, name }: FleetKey): string {
    return `${this.#keyStart(scope)}${checkText(name, "the name of a circuit", MAX_NAME_LENGTH)}}`;
  }

  /** The pattern of all keys of a scope. */
  pattern(scope: string): string {
    return `${this.#keyStart(scope)}*}`;
  }

  /** The name in a key that the pattern of its scope has found. */
  nameIn(key: string, scope: string): string {
    return key.slice(this.#keyStart(scope).length, -1);
  }

  /** Rejects what stands where a name would, and is none: others may have written any key. */
  checkFound(name: string, scope: string): void {
    if (name.length > 0 && name.length <= MAX_NAME_LENGTH) return;
    const key = `${this.#keyStart(scope)}${name.slice(0, MAX_NAME_LENGTH)}`;
    throw garbledError(name === "" ? `${key}}` : `${key}…}`, "its name");
  }

  /** The key of the sorted set that names the circuits of a scope. */
  index(scope: string): string {
    return `${this.#prefix}names:{${escapeColons(scope)}}`;
  }

  /** The key that is there for a while after all keys were looked through for those of a scope. */
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

/** Both scopes and names have colons, and `a:b` with `c` is not `a` with `b:c`. */
function escapeColons(scope: string): string {
  return checkKeyWord(scope, "the scope of a circuit").replaceAll(":", "%3A");
}
