import { expect, test } from "vitest";
import { createClassifier } from "./classifier.js";

test("tries the user's own rules first", () => {
  const { classifyFailure: classify, rules } = createClassifier({
    rules: [
      {
        name: "acme.registry",
        fault: "registry",
        counts: false,
        transient: false,
        reason: "Acme's registry is closed on Sundays.",
        when: { all: ["closed", "sunday"] },
        examples: [],
        seen: "acme",
      },
      {
        name: "acme.broken",
        fault: "user",
        counts: false,
        transient: false,
        reason: "Never.",
        when: () => {
          throw new Error("a rule that throws");
        },
        examples: [],
        seen: "acme",
      },
    ],
  });
  expect(classify("https://r.example/v2/: 503 closed on Sunday").rule).toBe("acme.registry");
  expect(
    classify('failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": EOF').rule,
  ).toBe("registry.interrupted");
  expect(rules[0]?.name).toBe("acme.registry");
});

test("finds the words of the user's own rules in names too", () => {
  const { classifyFailure: classify } = createClassifier({
    rules: [
      {
        name: "acme.mirror",
        fault: "http",
        counts: true,
        transient: true,
        reason: "Acme's mirror is being moved.",
        when: { any: ["harbor-mirror"] },
        examples: [],
        seen: "acme",
      },
    ],
  });
  expect(classify("ghcr.io/acme/harbor-mirror:1: not found").rule).toBe("acme.mirror");
});

test("calls the function of a condition only where all its other parts hold", () => {
  const asked: string[] = [];
  const { classifyFailure: classify } = createClassifier({
    rules: [
      {
        name: "acme.full",
        fault: "http",
        counts: true,
        transient: true,
        reason: "Acme's store is full.",
        when: {
          any: ["store full"],
          test: ({ text }) => asked.push(text) > 0 && !text.includes("demo"),
        },
        examples: [],
        seen: "acme",
      },
    ],
  });
  expect(classify("store full: 9 of 9").rule).toBe("acme.full");
  expect(classify("store full: demo").rule).not.toBe("acme.full");
  expect(classify("store closed").rule).not.toBe("acme.full");
  expect(asked).toEqual(["store full: 9 of 9", "store full: demo"]);
});

test("rejects invalid options and rules by name", () => {
  expect(() => createClassifier({ rule: [] } as never)).toThrow(/option "rule" is not known/);
  expect(() => createClassifier({ rules: {} } as never)).toThrow(/expected an array/);
  expect(() => createClassifier({ rules: [{ name: 5 }] } as never)).toThrow(
    /"name" of rule 0 is 5/,
  );
  expect(() => createClassifier({ rules: [null] } as never)).toThrow(TypeError);
  expect(() => createClassifier(null as never)).toThrow(TypeError);
  const rule = { name: "a", counts: false, transient: false, reason: "b", examples: [], seen: "c" };
  const of = (part: object) => () =>
    createClassifier({
      rules: [{ ...rule, fault: "user", when: { any: ["x"] }, ...part }],
    } as never);
  expect(of({})).not.toThrow();
  expect(of({ fault: "nobody" })).toThrow(/"fault" of rule 0 is "nobody"/);
  expect(of({ upstreams: "none" })).toThrow(/"upstreams" of rule 0 is not known/);
  expect(of({ when: [{ any: ["Upper"] }] })).toThrow(/expected text in lower case/);
  expect(of({ when: { any: [""] } })).toThrow(/expected text in lower case/);
  expect(of({ when: { any: "one word" } })).toThrow(/"any" of rule 0 is "one word"/);
  expect(of({ when: { anny: ["x"] } })).toThrow(/"anny" of a condition of rule 0 is not known/);
  expect(of({ when: {} })).toThrow(/would match every failure/);
  expect(of({ when: { matches: /x/g } })).toThrow(/no flag g or y/);
  expect(of({ when: { matches: "x" } })).toThrow(/expected a regular expression/);
  expect(of({ when: { any: ["x"], test: "y" } })).toThrow(
    /"test" of rule 0 is "y", expected a fun/,
  );
});
