/** The ids of engine 0.21: a number and a type name, in a small protobuf message as base64. */

/** The content of an id. */
export interface Handle {
  readonly number: number;
  readonly typeName: string;
}

const FIELD_1_VARINT = 0x08;
const FIELD_1_BYTES = 0x0a;
const FIELD_2_BYTES = 0x12;
const FIELD_3_VARINT = 0x18;

/** The index of the number, and the distance from its end to the type name. */
const NUMBER_AT = 3;
const NAME_AFTER = 4;

export function encodeId(handle: Handle): string {
  const name = Buffer.from(handle.typeName);
  const type = [FIELD_1_BYTES, name.length, ...name, FIELD_3_VARINT, 1];
  const result = [FIELD_1_VARINT, ...varint(handle.number), FIELD_2_BYTES, type.length, ...type];
  return Buffer.from([FIELD_2_BYTES, result.length, ...result]).toString("base64");
}

/** Decodes an id. Returns undefined for any other text. */
export function decodeId(id: string): Handle | undefined {
  const bytes = Buffer.from(id, "base64");
  // The number comes after three fixed bytes, and ends at the first byte below 128.
  const end = bytes.findIndex((byte, index) => index >= NUMBER_AT && byte < 128) + 1;
  const number = readVarint(bytes.subarray(NUMBER_AT, end));
  const typeName = bytes.subarray(end + NAME_AFTER, -2).toString();
  const handle = { number, typeName };
  // Only a valid id gives the same text when it is encoded again.
  return end > 0 && encodeId(handle) === id ? handle : undefined;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function readVarint(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 128 + (byte & 127), 0);
}
