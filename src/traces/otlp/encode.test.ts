import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeSpans } from "./decode.js";
import { encodeSpans, type OwnAttribute, type OwnSpan } from "./encode.js";

const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((id) => Buffer.from(id).toString("hex"));
const text = fc.string({ unit: "grapheme" });
const time = fc.bigInt(0n, 2n ** 64n - 1n).map(String);
const plain = fc.oneof(text, fc.double(), fc.maxSafeInteger(), fc.boolean());
const { value: attribute } = fc.letrec<{ value: OwnAttribute }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "lists" },
    plain,
    fc.array(tie("value"), { depthIdentifier: "lists", maxLength: 3 }),
  ),
}));
const ownSpan = fc.record({
  scope: fc.constantFrom(undefined, "dagger.io/core", ""),
  kind: fc.constantFrom("internal", "client"),
  name: text,
  trace: hex(16),
  id: hex(8),
  parent: fc.oneof(fc.constant(""), hex(8)),
  startNs: time,
  endNs: time,
  status: fc.constantFrom("unset", "ok", "error"),
  message: text,
  attributes: fc.dictionary(text, attribute).map(({ __proto__: _, ...attributes }) => attributes),
}) satisfies fc.Arbitrary<OwnSpan>;

const SPAN: OwnSpan = {
  name: "request",
  trace: "0af7651916cd43dd8448eb211c80319c",
  id: "b7ad6b7169203331",
  parent: "",
  startNs: "1795473288071256976",
  endNs: "1795473288088305541",
  status: "ok",
  message: "",
  attributes: {},
};

test("spans come back unchanged, grouped by scope and in order", () => {
  fc.assert(
    fc.property(fc.array(ownSpan, { maxLength: 5 }), (spans) => {
      const expected = spans.map(({ kind: _, scope = "dagger-circuit-breaker", ...span }) => ({
        ...span,
        scope,
      }));
      const scopes = [...new Set(expected.map(({ scope }) => scope))];
      expect(decodeSpans(encodeSpans(spans, { "service.name": "release" }))).toEqual(
        scopes.flatMap((scope) => expected.filter((span) => span.scope === scope)),
      );
    }),
  );
});

test("lists are nested as deep as they are read, and no deeper", () => {
  const nested = (depth: number): OwnAttribute => (depth === 0 ? 1 : [nested(depth - 1)]);
  const withValue = (value: OwnAttribute) => [{ ...SPAN, attributes: { value } }];
  const [span] = decodeSpans(encodeSpans(withValue(nested(8)), {}));
  expect(span?.attributes).toEqual({ value: nested(8) });
  expect(() => encodeSpans(withValue(nested(9)), {})).toThrow(RangeError);
});

test("writes the kind and the resource where collectors look for them", () => {
  const body = Buffer.from(encodeSpans([{ ...SPAN, kind: "client" }], { "service.name": "ci" }));
  // 0x30 is field 6 of a span, its kind. 0x0a is field 1 of a resource, an attribute.
  expect(body.includes(Buffer.from([0x30, 3, 0x39]))).toBe(true);
  expect(Buffer.from(encodeSpans([SPAN], {})).includes(Buffer.from([0x30, 1, 0x39]))).toBe(true);
  expect(body.subarray(3).includes(Buffer.from("service.name\x12\x04\x0a\x02ci"))).toBe(true);
});

test.each<[string, Partial<OwnSpan>]>([
  ["a trace id that is too short", { trace: "0af7" }],
  ["an id that is no hex", { id: "b7ad6b716920333X" }],
  ["a parent in capitals", { parent: "B7AD6B7169203331" }],
  ["a time with a fraction", { startNs: "1.5" }],
  ["a time that is no number", { endNs: "" }],
])("rejects %s", (_, wrong) => {
  expect(() => encodeSpans([{ ...SPAN, ...wrong }], {})).toThrow(TypeError);
});
