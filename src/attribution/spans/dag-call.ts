/** Reads a call of the engine's API from the attribute `dagger.io/dag.call` of its span. */

import { PbfReader } from "pbf";
import type { EngineSpan } from "./span.js";

/**
 * A call of the API, with the arguments that are texts. The texts may contain secrets, so they must not be
 * shown.
 */
export interface DagCall {
  readonly name: string;
  readonly texts: Readonly<Record<string, string>>;
}

// The numbers of the fields in the encoded call.
const CALL_NAME = 3;
const CALL_ARGUMENT = 4;
const ARGUMENT_NAME = 1;
const ARGUMENT_VALUE = 2;
const VALUE_TEXT = 7;

/** The maximum length of an attribute that is read, in characters of base64. */
const MAX_LENGTH = 256 * 1024;

/** Returns the call of a span. Returns undefined if the span has no call, or if the call cannot be read. */
export function dagCallOf({ attributes }: EngineSpan): DagCall | undefined {
  const encoded = attributes["dagger.io/dag.call"];
  if (typeof encoded !== "string" || encoded.length > MAX_LENGTH) return undefined;
  const call = { name: "", texts: {} as Record<string, string> };
  try {
    new PbfReader(Buffer.from(encoded, "base64")).readFields(readCallField, call);
  } catch {
    return undefined;
  }
  return call;
}

function readCallField(tag: number, call: DagCall & { name: string }, pbf: PbfReader): void {
  if (tag === CALL_NAME) call.name = pbf.readString();
  else if (tag === CALL_ARGUMENT) {
    const argument = { name: "", text: undefined as string | undefined };
    pbf.readMessage(readArgumentField, argument);
    if (argument.text !== undefined) {
      Object.defineProperty(call.texts, argument.name, { value: argument.text, enumerable: true });
    }
  }
}

interface Argument {
  name: string;
  text: string | undefined;
}

function readArgumentField(tag: number, argument: Argument, pbf: PbfReader): void {
  if (tag === ARGUMENT_NAME) argument.name = pbf.readString();
  else if (tag === ARGUMENT_VALUE) pbf.readMessage(readValueField, argument);
}

function readValueField(tag: number, argument: Argument, pbf: PbfReader): void {
  if (tag === VALUE_TEXT) argument.text = pbf.readString();
}
