/** The ids of engine 0.21: a number and a type name, in a small protobuf message as base64. */

import { PbfReader, PbfWriter } from "pbf";

/** The content of an id. */
export interface Handle {
  readonly number: number;
  readonly typeName: string;
}

export function encodeId(handle: Handle): string {
  const writer = new PbfWriter();
  writer.writeMessage(2, writeResult, handle);
  return Buffer.from(writer.finish()).toString("base64");
}

/** Decodes an id. Returns undefined for any other text. */
export function decodeId(id: string): Handle | undefined {
  const handle = { number: 0, typeName: "" };
  try {
    new PbfReader(Buffer.from(id, "base64")).readFields(readId, handle);
  } catch {
    return undefined;
  }
  // Only a valid id gives the same text when it is encoded again.
  return encodeId(handle) === id ? handle : undefined;
}

function writeResult({ number, typeName }: Handle, writer: PbfWriter): void {
  writer.writeVarintField(1, number);
  writer.writeMessage(2, writeType, typeName);
}

function writeType(name: string, writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeBooleanField(3, true);
}

type Reading = { -readonly [K in keyof Handle]: Handle[K] };

function readId(tag: number, handle: Reading, reader: PbfReader): void {
  if (tag === 2) reader.readMessage(readResult, handle);
}

function readResult(tag: number, handle: Reading, reader: PbfReader): void {
  if (tag === 1) handle.number = reader.readVarint();
  if (tag === 2) reader.readMessage(readType, handle);
}

function readType(tag: number, handle: Reading, reader: PbfReader): void {
  if (tag === 1) handle.typeName = reader.readString();
}
