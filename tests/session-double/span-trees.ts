/**
 * Turns spans into trees that can be compared between runs, because they have no ids, times, ports and
 * digests.
 */

import { PbfReader } from "pbf";
import type { EngineSpan } from "../../src/traces/index.js";

/** A span with its child spans, sorted by their contents. */
export interface SpanNode {
  readonly name: string;
  readonly scope: string;
  readonly status: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly children: readonly SpanNode[];
}

/** Selects the parts that are left out of the comparison. */
export interface Omissions {
  /** Returns whether to leave out a span: with all its descendants, or alone, so that its children move up. */
  readonly span: (span: EngineSpan) => "alone" | "with all" | undefined;
  /** Returns whether to leave out an attribute. */
  readonly attribute: (name: string) => boolean;
}

/** Returns one tree of spans for each request. */
export function treesOf(
  spans: readonly EngineSpan[],
  omissions: Omissions,
  normalised: (text: string) => string,
): readonly SpanNode[] {
  const ids = new Set(spans.map(({ id }) => id));
  const below = (parents: readonly EngineSpan[]): SpanNode[] =>
    parents
      .flatMap((span): SpanNode[] => {
        const omitted = omissions.span(span);
        if (omitted === "with all") return [];
        const children = below(spans.filter(({ parent }) => parent === span.id));
        return omitted === "alone" ? children : [node(span, children)];
      })
      .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  const node = (span: EngineSpan, children: readonly SpanNode[]): SpanNode => ({
    name: normalised(span.name),
    scope: span.scope,
    status: span.status,
    message: normalised(span.message),
    attributes: attributesOf(span, omissions, normalised),
    children,
  });
  return below(spans.filter(({ parent }) => !ids.has(parent)));
}

function attributesOf(
  { attributes }: EngineSpan,
  omissions: Omissions,
  normalised: (text: string) => string,
): Readonly<Record<string, unknown>> {
  const shown = Object.entries(attributes)
    .filter(([name]) => !omissions.attribute(name))
    .map(([name, value]) => {
      if (name === "dagger.io/dag.call") return [name, readCall(String(value), normalised)];
      return [name, typeof value === "string" ? normalised(value) : value];
    })
    .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
  return Object.fromEntries(shown);
}

/** Returns the type, name, arguments and view of a call. Its other fields are digests. */
function readCall(encoded: string, normalised: (text: string) => string): unknown {
  const call = { type: undefined as unknown, name: "", args: [] as unknown[], view: "" };
  new PbfReader(Buffer.from(encoded, "base64")).readFields((field, _, reader) => {
    if (field === 2) call.type = readMessage(reader, normalised);
    else if (field === 3) call.name = reader.readString();
    else if (field === 4) call.args.push(readArgument(reader.readBytes(), normalised));
    else if (field === 10) call.view = reader.readString();
  }, call);
  return call;
}

/** Returns the name and value of an argument. The value is a text, or the fields of another message. */
function readArgument(bytes: Uint8Array, normalised: (text: string) => string): unknown {
  const reader = new PbfReader(bytes);
  reader.nextField(bytes.length);
  const name = reader.readString();
  reader.nextField(bytes.length);
  return [name, readFields(reader.readBytes(), normalised)];
}

/** Returns the fields of any message as a list. Bytes are parsed as messages where possible. */
function readMessage(reader: PbfReader, normalised: (text: string) => string): unknown {
  return readFields(reader.readBytes(), normalised);
}

function readFields(bytes: Uint8Array, normalised: (text: string) => string): unknown {
  const fields: unknown[] = [];
  const reader = new PbfReader(bytes);
  while (reader.pos < bytes.length) {
    const field = reader.nextField(bytes.length);
    if (reader.type === 0) fields.push([field, reader.readVarint()]);
    else fields.push([field, normalised(Buffer.from(reader.readBytes()).toString("latin1"))]);
  }
  return fields;
}
