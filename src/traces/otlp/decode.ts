/** Decodes the spans in the body of an OTLP export. Throws for a truncated or malformed body. */

import { PbfReader } from "pbf";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { CircuitBreakerError, nameErrorClass } from "../../breaker/errors.js";
import { TextReader } from "./text-reader.js";
import { withoutUrlSecrets } from "./url-secrets.js";
import { readDecimal, readInteger } from "./wide-integers.js";

/**
 * The most spans in one body. Exporters send far fewer. Without this limit, an attacker could turn two
 * bytes of a body into a hundred bytes of memory.
 */
const MAX_SPANS = 100_000;
/** The most attributes and list members in one body. The limit exists for the same reason as `MAX_SPANS`. */
const MAX_VALUES = 1_000_000;
/** The deepest nesting of lists to read. A list below that depth is read as null. */
const MAX_DEPTH = 8;

/** Wire types of protobuf fields. The byte before a value is 8 times the field number, plus the wire type. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const REQUEST_RESOURCE_SPANS = 1 * 8 + BYTES;
const RESOURCE_SCOPE_SPANS = 2 * 8 + BYTES;
const SCOPE_SPANS_SCOPE = 1 * 8 + BYTES;
const SCOPE_SPANS_SPAN = 2 * 8 + BYTES;
const SCOPE_NAME = 1 * 8 + BYTES;
const SPAN_TRACE = 1 * 8 + BYTES;
const SPAN_ID = 2 * 8 + BYTES;
const SPAN_PARENT = 4 * 8 + BYTES;
const SPAN_NAME = 5 * 8 + BYTES;
const SPAN_START = 7 * 8 + FIXED64;
const SPAN_END = 8 * 8 + FIXED64;
const SPAN_ATTRIBUTE = 9 * 8 + BYTES;
const SPAN_STATUS = 15 * 8 + BYTES;
const STATUS_MESSAGE = 2 * 8 + BYTES;
const STATUS_CODE = 3 * 8 + VARINT;
const PAIR_KEY = 1 * 8 + BYTES;
const PAIR_VALUE = 2 * 8 + BYTES;
const VALUE_STRING = 1 * 8 + BYTES;
const VALUE_BOOLEAN = 2 * 8 + VARINT;
const VALUE_INTEGER = 3 * 8 + VARINT;
const VALUE_DOUBLE = 4 * 8 + FIXED64;
const VALUE_LIST = 5 * 8 + BYTES;
const LIST_MEMBER = 1 * 8 + BYTES;

const TRACE_BYTES = 16;
const ID_BYTES = 8;
const STATUSES = ["unset", "ok", "error"] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The error for a body that is not an OTLP export of traces. The body is truncated or malformed, or has too
 * many spans or values. `code` is `"TRACES_UNDECODABLE"`. The message contains the byte offset, but nothing
 * from the body.
 */
export class TracesUndecodableError extends CircuitBreakerError {
  constructor(atByte: number) {
    super(
      `the body is not an OTLP export of traces: it is invalid at byte ${atByte}`,
      "TRACES_UNDECODABLE",
    );
  }

  static {
    nameErrorClass(TracesUndecodableError, "TracesUndecodableError");
  }
}

/**
 * Reads an OTLP `ExportTraceServiceRequest` in its protobuf form.
 *
 * Attributes are texts, numbers, booleans and lists of these. Bytes and maps are read as null.
 * Integers that do not fit into a number become decimal texts. URLs in names of spans lose their
 * credentials and query strings. Spans without a trace id of 16 bytes and an id of 8 bytes are left
 * out. Events, links and the resource are not read.
 *
 * @param body The decompressed body; at most 100,000 spans and 1,000,000 attribute values.
 * @throws TracesUndecodableError
 * @example
 * ```ts
 * import { decodeSpans } from "dagger-circuit-breaker/traces";
 *
 * const spans = decodeSpans(new Uint8Array());
 * console.log(spans.length);
 * ```
 */
export function decodeSpans(body: Uint8Array): EngineSpan[] {
  return new SpanDecoder(body).decode();
}

class SpanDecoder {
  readonly #reader: PbfReader;
  readonly #texts: TextReader;
  readonly #spans: Mutable<EngineSpan>[] = [];
  #skippedSpans = 0;
  #values = 0;

  constructor(body: Uint8Array) {
    this.#reader = new PbfReader(body);
    this.#texts = new TextReader(body);
  }

  decode(): EngineSpan[] {
    const reader = this.#reader;
    try {
      const end = reader.length;
      for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
        if (field * 8 + reader.type === REQUEST_RESOURCE_SPANS) this.#readResource(this.#end(end));
      }
      this.#close(end);
    } catch {
      throw new TracesUndecodableError(Math.min(reader.pos, reader.length));
    }
    return this.#spans;
  }

  #readResource(end: number): void {
    const reader = this.#reader;
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      if (field * 8 + reader.type === RESOURCE_SCOPE_SPANS) this.#readScopeSpans(this.#end(end));
    }
    this.#close(end);
  }

  #readScopeSpans(end: number): void {
    const reader = this.#reader;
    const first = this.#spans.length;
    let scope = "";
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      const tag = field * 8 + reader.type;
      if (tag === SCOPE_SPANS_SPAN) this.#readSpan(this.#end(end));
      else if (tag === SCOPE_SPANS_SCOPE) scope = this.#readScope(this.#end(end));
    }
    this.#close(end);
    // The scope is set only now, because it can follow its spans in the body.
    for (let index = first; index < this.#spans.length; index++) {
      (this.#spans[index] as Mutable<EngineSpan>).scope = scope;
    }
  }

  #readScope(end: number): string {
    const reader = this.#reader;
    let name = "";
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      if (field * 8 + reader.type === SCOPE_NAME) name = this.#readText(end);
    }
    this.#close(end);
    return name;
  }

  #readSpan(end: number): void {
    const reader = this.#reader;
    const attributes: Record<string, unknown> = {};
    const span: Mutable<EngineSpan> = {
      scope: "",
      name: "",
      trace: "",
      id: "",
      parent: "",
      startNs: "0",
      endNs: "0",
      status: "unset",
      message: "",
      attributes,
    };
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      switch (field * 8 + reader.type) {
        case SPAN_TRACE:
          span.trace = this.#readId(end, TRACE_BYTES);
          break;
        case SPAN_ID:
          span.id = this.#readId(end, ID_BYTES);
          break;
        case SPAN_PARENT:
          span.parent = this.#readId(end, ID_BYTES);
          break;
        case SPAN_NAME:
          span.name = withoutUrlSecrets(this.#readText(end));
          break;
        case SPAN_START:
          span.startNs = readDecimal(reader);
          break;
        case SPAN_END:
          span.endNs = readDecimal(reader);
          break;
        case SPAN_ATTRIBUTE:
          this.#readAttribute(this.#end(end), attributes);
          break;
        case SPAN_STATUS:
          this.#readStatus(this.#end(end), span);
          break;
      }
    }
    this.#close(end);
    if (span.trace !== "" && span.id !== "") this.#spans.push(span);
    else this.#skippedSpans++;
    if (this.#spans.length + this.#skippedSpans > MAX_SPANS) throw new RangeError("spans");
  }

  #readStatus(end: number, span: Mutable<EngineSpan>): void {
    const reader = this.#reader;
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      const tag = field * 8 + reader.type;
      if (tag === STATUS_MESSAGE) span.message = this.#readText(end);
      else if (tag === STATUS_CODE) span.status = STATUSES[reader.readVarint()] ?? "unset";
    }
    this.#close(end);
  }

  #readAttribute(end: number, attributes: Record<string, unknown>): void {
    const reader = this.#reader;
    let key = "";
    let value: unknown = null;
    this.#countValue();
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      const tag = field * 8 + reader.type;
      if (tag === PAIR_KEY) key = this.#readText(end);
      else if (tag === PAIR_VALUE) value = this.#readValue(this.#end(end), 0);
    }
    this.#close(end);
    // Assigning the key `__proto__` would change the prototype of the object.
    if (key !== "__proto__") attributes[key] = value;
  }

  #readValue(end: number, depth: number): unknown {
    const reader = this.#reader;
    let value: unknown = null;
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      switch (field * 8 + reader.type) {
        case VALUE_STRING:
          value = this.#readText(end);
          break;
        case VALUE_BOOLEAN:
          value = reader.readVarint() !== 0;
          break;
        case VALUE_INTEGER:
          value = readInteger(reader);
          break;
        case VALUE_DOUBLE:
          value = reader.readDouble();
          break;
        case VALUE_LIST:
          if (depth < MAX_DEPTH) value = this.#readList(this.#end(end), depth + 1);
          break;
      }
    }
    this.#close(end);
    return value;
  }

  #readList(end: number, depth: number): unknown[] {
    const reader = this.#reader;
    const list: unknown[] = [];
    for (let field = reader.nextField(end); field !== 0; field = reader.nextField(end)) {
      if (field * 8 + reader.type !== LIST_MEMBER) continue;
      this.#countValue();
      list.push(this.#readValue(this.#end(end), depth));
    }
    this.#close(end);
    return list;
  }

  #countValue(): void {
    if (++this.#values > MAX_VALUES) throw new RangeError("values");
  }

  #readText(limit: number): string {
    const end = this.#end(limit);
    const text = this.#texts.read(this.#reader.pos, end);
    this.#reader.pos = end;
    return text;
  }

  /**
   * Reads an id and returns it in hex. An id of the wrong length becomes an empty text, which callers treat
   * as invalid.
   */
  #readId(limit: number, bytes: number): string {
    const end = this.#end(limit);
    const from = this.#reader.pos;
    this.#reader.pos = end;
    return end - from === bytes ? this.#texts.readHex(from, end) : "";
  }

  /**
   * Reads the length of the next value, and returns the index at which the value ends. Throws beyond
   * `limit`.
   */
  #end(limit: number): number {
    const length = this.#reader.readVarint();
    const end = this.#reader.pos + length;
    if (end > limit) throw new RangeError("length");
    return end;
  }

  /** Throws when the last value did not end where its message ends. */
  #close(end: number): void {
    if (this.#reader.pos !== end) throw new RangeError("end");
  }
}
