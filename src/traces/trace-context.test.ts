import { describe, expect, test } from "vitest";
import { childOf, parseTraceparent } from "./trace-context.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

describe("reading", () => {
  test.each([
    ["00-<trace>-<span>-01", true],
    ["00-<trace>-<span>-00", false],
    ["00-<trace>-<span>-03", true],
    ["00-<trace>-<span>-02", false],
    ["cc-<trace>-<span>-01", true],
    ["cc-<trace>-<span>-01-what-comes-later", true],
    ["01-<trace>-<span>-00-", false],
  ])("accepts %s", (header, sampled) => {
    const traceparent = header.replace("<trace>", TRACE).replace("<span>", SPAN);
    expect(parseTraceparent(traceparent)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  test.each([
    undefined,
    "",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01 `,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `cc-${TRACE}-${SPAN}-01.more`,
    `ff-${TRACE}-${SPAN}-01`,
    `0-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-0g`,
  ])("ignores %j", (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });
});

describe("a child", () => {
  test("stays in the trace, with an id of its own", () => {
    const child = childOf(`00-${TRACE}-${SPAN}-01`);
    expect(child).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, sampled: true });
    expect(child.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(child.spanId).not.toBe(SPAN);
    expect(child.header).toBe(`00-${TRACE}-${child.spanId}-01`);
  });

  test("has the sampling of its parent", () => {
    const child = childOf(`00-${TRACE}-${SPAN}-00`);
    expect(child.sampled).toBe(false);
    expect(child.header).toBe(`00-${TRACE}-${child.spanId}-00`);
  });

  test("of a later version is written in version 00", () => {
    expect(childOf(`cc-${TRACE}-${SPAN}-01-x`).header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test("without a parent begins a new sampled trace each time", () => {
    for (const nothing of [undefined, "malformed"]) {
      const [one, two] = [childOf(nothing), childOf(nothing)];
      expect(one).toMatchObject({ parentSpanId: undefined, sampled: true });
      expect(parseTraceparent(one.header)).toMatchObject({ traceId: one.traceId });
      expect(one.traceId).not.toBe(two.traceId);
    }
  });
});
