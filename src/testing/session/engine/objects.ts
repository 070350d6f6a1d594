/** Gives objects of the API their ids. */

import { encodeId } from "../query/ids.js";

/** An object with an id. */
export interface Identified<Type extends string = string> {
  readonly typeName: Type;
  /** Equal for objects that count as the same one. */
  readonly key: string;
}

/** Objects by the number in their id. */
export class Objects {
  readonly #byNumber = new Map<number, Identified>();
  readonly #ids = new Map<string, string>();

  idOf(value: Identified, newNumber: () => number): string {
    const key = `${value.typeName} ${value.key}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const number = newNumber();
    const id = encodeId({ number, typeName: value.typeName });
    this.#byNumber.set(number, value);
    this.#ids.set(key, id);
    return id;
  }

  get(number: number): Identified | undefined {
    return this.#byNumber.get(number);
  }
}
