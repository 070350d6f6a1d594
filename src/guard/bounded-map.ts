/**
 * A map with a limited number of entries. It drops the oldest entry, so that a long session does not use
 * more and more memory.
 */

/** A map with at most `limit` entries. Setting an entry again makes it the newest entry. */
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
