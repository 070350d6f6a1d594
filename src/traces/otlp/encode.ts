/** Encodes spans as the body of an OTLP export. */

import { PbfWriter } from "pbf";
import type { EngineSpan } from "../../attribution/spans/span.js";

/** The instrumentation scope of this package's own spans. */
const OWN_SCOPE = "dagger-circuit-breaker";
/** The deepest nesting of lists that can be encoded. Decoding has the same limit. */
const MAX_DEPTH = 8;

const KINDS = { internal: 1, client: 3 } as const;
const STATUSES = { unset: 0, ok: 1, error: 2 } as const;
/** The protobuf wire type of a value with a fixed size of eight bytes. */
const FIXED64 = 1;

/** The value of a span's attribute. Lists can be nested up to eight levels deep. */
export type OwnAttribute = string | number | boolean | readonly OwnAttribute[];

/** A span to encode; `EngineSpan` describes its fields. */
export interface OwnSpan extends Omit<EngineSpan, "scope" | "attributes"> {
  /** The instrumentation scope. Default: `dagger-circuit-breaker`. */
  readonly scope?: string | undefined;
  /** `"client"` for a call to another process, such as the engine. Default: `"internal"`. */
  readonly kind?: "internal" | "client" | undefined;
  readonly attributes: Readonly<Record<string, OwnAttribute>>;
}

/**
 * Encodes an OTLP `ExportTraceServiceRequest` in its protobuf form, uncompressed. Spans are grouped by
 * scope, and keep their order within a group.
 *
 * @param resourceAttributes Attributes of the source of the spans, such as `service.name`.
 * @throws TypeError when an id or a time of a span is invalid. RangeError when lists are nested too deep.
 * @example
 * ```ts
 * import { decodeSpans, encodeSpans } from "dagger-circuit-breaker/traces";
 *
 * const body = encodeSpans([], { "service.name": "release" });
 * console.log(decodeSpans(body));
 * ```
 */
export function encodeSpans(
  spans: readonly OwnSpan[],
  resourceAttributes: Readonly<Record<string, OwnAttribute>>,
): Uint8Array {
  const writer = new PbfWriter();
  writer.writeMessage(1, writeResourceSpans, { spans, resourceAttributes });
  return writer.finish();
}

interface ResourceSpans {
  readonly spans: readonly OwnSpan[];
  readonly resourceAttributes: Readonly<Record<string, OwnAttribute>>;
}

function writeResourceSpans(resourceSpans: ResourceSpans, writer: PbfWriter): void {
  writer.writeMessage(1, writeResource, resourceSpans.resourceAttributes);
  const byScope = new Map<string, OwnSpan[]>();
  for (const span of resourceSpans.spans) {
    const scope = span.scope ?? OWN_SCOPE;
    const known = byScope.get(scope);
    if (known === undefined) byScope.set(scope, [span]);
    else known.push(span);
  }
  for (const ofScope of byScope) writer.writeMessage(2, writeScopeSpans, ofScope);
}

function writeResource(attributes: ResourceSpans["resourceAttributes"], writer: PbfWriter): void {
  for (const pair of Object.entries(attributes)) writer.writeMessage(1, writeAttribute, pair);
}

function writeScopeSpans([scope, spans]: [string, readonly OwnSpan[]], writer: PbfWriter): void {
  writer.writeMessage(1, writeScope, scope);
  for (const span of spans) writer.writeMessage(2, writeSpan, span);
}

function writeScope(name: string, writer: PbfWriter): void {
  writeText(1, name, writer);
}

function writeSpan(span: OwnSpan, writer: PbfWriter): void {
  writeBytes(1, readId(span.trace, 16), writer);
  writeBytes(2, readId(span.id, 8), writer);
  if (span.parent !== "") writeBytes(4, readId(span.parent, 8), writer);
  writeText(5, span.name, writer);
  writer.writeTag(6, 0);
  writer.writeVarint(KINDS[span.kind ?? "internal"]);
  writeTime(7, span.startNs, writer);
  writeTime(8, span.endNs, writer);
  for (const pair of Object.entries(span.attributes)) writer.writeMessage(9, writeAttribute, pair);
  writer.writeMessage(15, writeStatus, span);
}

function writeStatus({ status, message }: OwnSpan, writer: PbfWriter): void {
  if (message !== "") writeText(2, message, writer);
  writer.writeTag(3, 0);
  writer.writeVarint(STATUSES[status]);
}

function writeAttribute([key, value]: [string, OwnAttribute], writer: PbfWriter): void {
  writeText(1, key, writer);
  writer.writeMessage(2, writeValue, { value, depth: 0 });
}

interface PlacedValue {
  readonly value: OwnAttribute;
  readonly depth: number;
}

function writeValue({ value, depth }: PlacedValue, writer: PbfWriter): void {
  if (typeof value === "object") {
    if (depth >= MAX_DEPTH)
      throw new RangeError("an attribute of a span has lists that are nested too deeply");
    writer.writeMessage(5, writeList, { value, depth: depth + 1 });
  } else if (typeof value === "string") {
    writeText(1, value, writer);
  } else if (typeof value === "boolean") {
    writer.writeTag(2, 0);
    writer.writeBoolean(value);
  } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writer.writeTag(3, 0);
    writer.writeVarint(value);
  } else {
    writer.writeTag(4, FIXED64);
    writer.writeDouble(value);
  }
}

function writeList(
  { value, depth }: { readonly value: readonly OwnAttribute[]; readonly depth: number },
  writer: PbfWriter,
): void {
  for (const member of value) writer.writeMessage(1, writeValue, { value: member, depth });
}

/** Writes a text as UTF-8. The writer's own `writeString` damages characters from U+20000 on. */
function writeText(field: number, text: string, writer: PbfWriter): void {
  writeBytes(field, Buffer.from(text), writer);
}

function writeBytes(field: number, bytes: Uint8Array, writer: PbfWriter): void {
  writer.writeTag(field, 2);
  writer.writeBytes(bytes);
}

function writeTime(field: number, decimal: string, writer: PbfWriter): void {
  if (!/^[0-9]{1,20}$/.test(decimal))
    throw new TypeError("the time of a span is not a whole number");
  const time = BigInt.asUintN(64, BigInt(decimal));
  writer.writeTag(field, FIXED64);
  writer.writeFixed32(Number(time & 0xffff_ffffn));
  writer.writeFixed32(Number(time >> 32n));
}

function readId(hex: string, bytes: number): Uint8Array {
  const id = /^[0-9a-f]*$/.test(hex) ? Buffer.from(hex, "hex") : undefined;
  if (id?.length !== bytes) throw new TypeError(`the id of a span is not ${bytes} bytes in hex`);
  return id;
}
