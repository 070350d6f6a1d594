import { readFileSync } from "node:fs";
import fc from "fast-check";
import { PbfWriter } from "pbf";
import { describe, expect, test } from "vitest";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { decodeSpans, TracesUndecodableError } from "./decode.js";

const bodies = readLines<{ base64: string }>("otlp").map(({ base64 }) =>
  Buffer.from(base64, "base64"),
);
const recorded = new Map(
  readLines<EngineSpan>("spans").map((span) => [`${span.trace} ${span.id}`, span]),
);

function readLines<T>(name: string): T[] {
  const url = new URL(`../../../tests/fixtures/traces/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(url, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** Builds a body with one span. `write` adds fields after the ids. With `ids` false, the span has no ids. */
function body(write: (writer: PbfWriter) => void, ids = true): Uint8Array {
  const writer = new PbfWriter();
  const span = (_: null, inner: PbfWriter) => {
    if (ids) {
      inner.writeTag(1, 2);
      inner.writeBytes(new Uint8Array(16).fill(0xab));
      inner.writeTag(2, 2);
      inner.writeBytes(new Uint8Array(8).fill(0xcd));
    }
    write(inner);
  };
  const scopeSpans = (_: null, inner: PbfWriter) => inner.writeMessage(2, span, null);
  const resource = (_: null, inner: PbfWriter) => inner.writeMessage(2, scopeSpans, null);
  writer.writeMessage(1, resource, null);
  return writer.finish();
}

/** Encodes an attribute with the protobuf value that `write` adds, and returns its decoded value. */
function attribute(write: (writer: PbfWriter) => void, key = "k"): unknown {
  const pair = (_: null, writer: PbfWriter) => {
    writer.writeTag(1, 2);
    writer.writeString(key);
    writer.writeMessage(2, (_, value) => write(value), null);
  };
  const [span] = decodeSpans(body((writer) => writer.writeMessage(9, pair, null)));
  return Object.hasOwn(span?.attributes ?? {}, key) ? span?.attributes[key] : "absent";
}

describe("bodies of a real engine", () => {
  test("are read as they were recorded", () => {
    const compared = bodies.flatMap(decodeSpans).flatMap((span) => {
      const expected = recorded.get(`${span.trace} ${span.id}`);
      return expected === undefined ? [] : [{ span, expected }];
    });
    expect(compared.length).toBeGreaterThan(50);
    for (const { span, expected } of compared) {
      const { engine: _, case: __, ...wanted } = { engine: "", case: "", ...expected };
      const kept = Object.keys(wanted.attributes).map((key) => [key, span.attributes[key]]);
      expect({ ...span, attributes: Object.fromEntries(kept) }).toStrictEqual(wanted);
    }
  });

  test("are read the same in the middle of a larger buffer", () => {
    for (const recordedBody of bodies) {
      const larger = Buffer.concat([Buffer.alloc(3, 0xff), recordedBody, Buffer.alloc(9, 0xff)]);
      const middle = larger.subarray(3, 3 + recordedBody.length);
      expect(decodeSpans(middle)).toStrictEqual(decodeSpans(recordedBody));
    }
  });
});

describe("values", () => {
  test("keeps texts of any length and language", () => {
    for (const text of ["", "a", "größer", "日本語".repeat(40), "x".repeat(70_000), "\u{1f600}"]) {
      const write = (writer: PbfWriter) => {
        writer.writeTag(1, 2);
        writer.writeString(text);
      };
      expect(attribute(write)).toBe(text);
    }
  });

  test("distinguishes texts with the same hash", () => {
    const names = ["abcdeXghij", "abcdeYghij", "aXcdefghij", "aYcdefghij"];
    const spans = names.flatMap((name) =>
      decodeSpans(
        body((writer) => {
          for (const text of [...names, name]) {
            writer.writeTag(5, 2);
            writer.writeString(text);
          }
        }),
      ),
    );
    expect(spans.map(({ name }) => name)).toEqual(names);
  });

  test("integers are exact, as texts if no number can hold them", () => {
    const cases: [bigint, unknown][] = [
      [0n, 0],
      [-1n, -1],
      [2n ** 53n - 1n, 2 ** 53 - 1],
      [-(2n ** 53n) + 1n, -(2 ** 53) + 1],
      [2n ** 53n + 1n, "9007199254740993"],
      [2n ** 63n - 1n, "9223372036854775807"],
      [-(2n ** 63n), "-9223372036854775808"],
    ];
    for (const [value, expected] of cases) {
      const write = (writer: PbfWriter) => {
        writer.writeTag(3, 0);
        // The writer takes only JavaScript numbers, which cannot hold these integers.
        const bits = BigInt.asUintN(64, value).toString(2);
        for (let end = bits.length; end > 0; end -= 7) {
          const seven = Number.parseInt(bits.slice(Math.max(0, end - 7), end), 2);
          writer.realloc(1);
          writer.buf[writer.pos++] = end > 7 ? seven | 0x80 : seven;
        }
      };
      expect(attribute(write)).toBe(expected);
    }
  });

  test("times keep every digit", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (time) => {
        const [span] = decodeSpans(
          body((writer) => {
            writer.writeTag(7, 1);
            writer.writeFixed32(Number(time & 0xffff_ffffn));
            writer.writeFixed32(Number(time >> 32n));
          }),
        );
        expect(span?.startNs).toBe(time.toString());
      }),
    );
  });

  test("reads bytes, maps and unknown values as null", () => {
    for (const field of [6, 7, 12]) {
      const write = (writer: PbfWriter) => {
        writer.writeTag(field, 2);
        writer.writeBytes(new Uint8Array(3));
      };
      expect(attribute(write)).toBeNull();
    }
    expect(attribute(() => undefined)).toBeNull();
  });

  test("nested lists end at a bound", () => {
    const nest = (depth: number) => (writer: PbfWriter) => {
      if (depth === 0) return;
      const list = (_: null, inner: PbfWriter) =>
        inner.writeMessage(1, (_, value) => nest(depth - 1)(value), null);
      writer.writeMessage(5, list, null);
    };
    let value = attribute(nest(100));
    let depth = 0;
    for (; Array.isArray(value); value = value[0]) depth++;
    expect(depth).toBe(8);
    expect(value).toBeNull();
  });

  test("drops a name that would set an object's prototype", () => {
    const write = (writer: PbfWriter) => {
      writer.writeTag(2, 0);
      writer.writeBoolean(true);
    };
    expect(attribute(write, "constructor")).toBe(true);
    expect(attribute(write, "__proto__")).toBe("absent");
  });
});

describe("an invalid body", () => {
  test("drops a span without ids, and keeps the others", () => {
    expect(decodeSpans(body(() => undefined, false))).toEqual([]);
    expect(
      decodeSpans(Buffer.concat([body(() => undefined, false), body(() => undefined)])),
    ).toEqual([
      expect.objectContaining({ trace: "ab".repeat(16), id: "cd".repeat(8), parent: "" }),
    ]);
  });

  test.each([
    ["a length beyond the buffer", [0x0a, 0x05, 0x12]],
    ["a length beyond its message", [0x0a, 0x02, 0x12, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00]],
    ["a length of 64 bits", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a varint that never ends", new Array(40).fill(0xff)],
    ["a varint that the end cuts", [0x0a, 0x80]],
    ["a group", [0x0b, 0x0c]],
    ["a field number of 0", [0x00, 0x00]],
    ["an unknown field that reaches over the end", [0x7a, 0x7f, 0x00]],
  ])("rejects %s with one error that shows none of it", (_, bytes) => {
    expect(() => decodeSpans(Uint8Array.from(bytes as number[]))).toThrow(TracesUndecodableError);
    expect(() => decodeSpans(Uint8Array.from(bytes as number[]))).toThrow(
      /^the body is not an OTLP export of traces: it is invalid at byte \d+$/,
    );
  });

  test("rejects more spans than any exporter sends, with or without ids", () => {
    const spans = Buffer.alloc(400_000);
    for (let at = 0; at < spans.length; at += 2) spans[at] = 0x12;
    const inner = Buffer.concat([Buffer.from([0x12, 0x80, 0xb5, 0x18]), spans]);
    const outer = Buffer.concat([Buffer.from([0x0a, 0x84, 0xb5, 0x18]), inner]);
    expect(() => decodeSpans(outer)).toThrow(TracesUndecodableError);
  });

  test("truncated and malformed bodies quickly give spans or that error", () => {
    const twisted = fc
      .record({
        from: fc.nat(bodies.length - 1),
        flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
        cut: fc.option(fc.nat()),
      })
      .map(({ from, flips, cut }) => {
        const copy = Buffer.from(bodies[from] as Buffer);
        for (const [at, byte] of flips) copy[at % copy.length] = byte;
        return cut === null ? copy : copy.subarray(0, cut % copy.length);
      });
    fc.assert(
      fc.property(fc.oneof(twisted, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          for (const span of decodeSpans(bytes)) {
            expect(span.trace).toMatch(/^[0-9a-f]{32}$/);
            expect(span.id).toMatch(/^[0-9a-f]{16}$/);
            expect(span.startNs).toMatch(/^\d+$/);
          }
        } catch (error) {
          if (!(error instanceof TracesUndecodableError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("rejects a body cut anywhere except between two requests", () => {
    const [first = Buffer.alloc(0)] = bodies;
    for (let length = 1; length < first.length; length++) {
      expect(() => decodeSpans(first.subarray(0, length))).toThrow(TracesUndecodableError);
    }
  });
});
