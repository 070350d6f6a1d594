/** Reads the call of the engine's API that a span is for, from its attribute `dagger.io/dag.call`. */

import { PbfReader } from "pbf";
import type { EngineSpan } from "./span.js";

/**
 * A call of the API with those of its arguments that are texts. They may contain secrets and must not be
 * shown.
 */
export interface DagCall {
  readonly name: string;
  readonly texts: Readonly<Record<string, string>>;
}

const CALL_NAME = 3;
const CALL_ARGUMENT = 4;
const ARGUMENT_NAME = 1;
const ARGUMENT_VALUE = 2;
const VALUE_TEXT = 7;

/** The longest attribute that is read, in characters of base64. */
const MAX_LENGTH = 256 * 1024;

/** Returns the call that a span is for; undefined if it has none, or if it cannot be read. */
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
