/** Random numbers that can be repeated: the same seed gives the same numbers. */

/** Creates a source of random numbers from a seed. */
export function randomOf(seed) {
  let state = seed >>> 0;
  /** Returns a number from 0 up to but not including 1, by mulberry32. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  return {
    below,
    chance: (share) => next() < share,
    pick: (list) => list[below(list.length)],
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

/** Changes, removes and doubles a few bytes, and sometimes cuts off the end. */
export function damaged(random, given) {
  let bytes = given;
  for (let times = random.below(4); times > 0; times -= 1) {
    const at = random.below(bytes.length + 1);
    const behind = at + random.below(9);
    const inserted = random.bytes(random.below(6));
    bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(behind)]);
  }
  return random.chance(0.3) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}
