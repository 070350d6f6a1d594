/** Encodes a call of the API for the attribute `dagger.io/dag.call` of its span. */

import { createHash } from "node:crypto";
import { type GraphQLOutputType, isListType, isNonNullType } from "graphql";
import { PbfWriter } from "pbf";

/** A call of the API. */
export interface DagCall {
  /** The digest of the object that has the field; undefined for a root field. */
  readonly receiver: string | undefined;
  readonly field: string;
  readonly type: CallType;
  /** The arguments in the order of the query. */
  readonly args: readonly (readonly [name: string, value: unknown])[];
  readonly digest: string;
  /** The API version that defines what the field means; undefined for most fields. */
  readonly view: string | undefined;
}

/** The type of a field: a type by name, or a list. */
export type CallType =
  | { readonly named: string; readonly isNonNull: boolean }
  | { readonly listOf: CallType; readonly isNonNull: boolean };

/** A name of an enum, to distinguish it from a text. */
export class EnumValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Converts a type of the schema to the engine's format. */
export function callTypeOf(type: GraphQLOutputType, isNonNull = false): CallType {
  if (isNonNullType(type)) return callTypeOf(type.ofType, true);
  if (isListType(type)) return { listOf: callTypeOf(type.ofType), isNonNull };
  return { named: type.name, isNonNull };
}

/** Returns a digest that looks like an engine's. It is not a real xxh3 hash. */
export function callDigest(...parts: readonly unknown[]): string {
  const hash = createHash("sha256").update(JSON.stringify(parts));
  return `xxh3:${hash.digest("hex").slice(0, 16)}`;
}

/** Encodes a call as in the attribute: as protobuf in base64. */
export function encodeCall(call: DagCall): string {
  const writer = new PbfWriter();
  if (call.receiver !== undefined) writeText(1, call.receiver, writer);
  writer.writeMessage(2, writeType, call.type);
  writeText(3, call.field, writer);
  for (const argument of call.args) writer.writeMessage(4, writeArgument, argument);
  writeText(9, call.digest, writer);
  if (call.view !== undefined) writeText(10, call.view, writer);
  return Buffer.from(writer.finish()).toString("base64");
}

function writeType(type: CallType, writer: PbfWriter): void {
  if ("named" in type) writeText(1, type.named, writer);
  else writer.writeMessage(2, writeType, type.listOf);
  if (type.isNonNull) writer.writeBooleanField(3, true);
}

function writeArgument([name, value]: readonly [string, unknown], writer: PbfWriter): void {
  writeText(1, name, writer);
  writer.writeMessage(2, writeValue, value);
}

function writeValue(value: unknown, writer: PbfWriter): void {
  if (value === null || value === undefined) writer.writeBooleanField(2, true);
  else if (typeof value === "boolean") writer.writeBooleanField(3, value);
  else if (value instanceof EnumValue) writeText(4, value.name, writer);
  else if (typeof value === "number") writer.writeVarintField(5, value);
  else if (typeof value === "string") writeText(7, value, writer);
  else if (Array.isArray(value)) writer.writeMessage(8, writeList, value);
  else writeText(1, digestOfValue(value), writer);
}

function writeList(values: readonly unknown[], writer: PbfWriter): void {
  for (const value of values) writer.writeMessage(1, writeValue, value);
}

/** Writes a text as UTF-8. The writer's own `writeString` damages characters from U+20000 on. */
function writeText(field: number, text: string, writer: PbfWriter): void {
  writer.writeBytesField(field, Buffer.from(text));
}

/** Returns the digest of an object. It does not depend on where the object comes from. */
export function digestOfValue(value: unknown): string {
  const { typeName, key } = value as { readonly typeName: string; readonly key: string };
  return callDigest(typeName, key);
}
