/** A map that forgets what was not used for longest, so that a long session stays small. */

/** A map with a maximum number of entries. Setting an entry makes it the youngest. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#limit) {
      const [oldest] = this.keys();
      this.delete(oldest as K);
    }
    return this;
  }
}
