/** Reads 64-bit integers in full. A JavaScript number cannot hold all of them. */

import type { PbfReader } from "pbf";

const BILLION = 1_000_000_000;
const TWO_POW_16 = 0x1_0000;

/**
 * Reads the next eight bytes as a decimal text. All steps of the division by a billion stay within what a
 * JavaScript number represents exactly. This is several times as fast as a BigInt.
 *
 * @throws RangeError when fewer than eight bytes are left.
 */
export function readDecimal(reader: PbfReader): string {
  const low = reader.dataView.getUint32(reader.pos, true);
  const high = reader.dataView.getUint32(reader.pos + 4, true);
  reader.pos += 8;
  const first = (high % BILLION) * TWO_POW_16 + (low >>> 16);
  const second = (first % BILLION) * TWO_POW_16 + (low & 0xffff);
  const rest = second % BILLION;
  const billions =
    (Math.floor(high / BILLION) * TWO_POW_16 + Math.floor(first / BILLION)) * TWO_POW_16 +
    Math.floor(second / BILLION);
  return billions === 0 ? `${rest}` : `${billions}${`${rest + BILLION}`.slice(1)}`;
}

/** Reads the next varint as a signed number. Returns a decimal text when a number cannot hold the value. */
export function readInteger(reader: PbfReader): number | string {
  const from = reader.pos;
  const value = reader.readVarint(true);
  if (Number.isSafeInteger(value)) return value;
  let exact = 0n;
  for (let index = reader.pos - 1; index >= from; index--) {
    exact = (exact << 7n) | BigInt((reader.buf[index] as number) & 0x7f);
  }
  return BigInt.asIntN(64, exact).toString();
}
