import { expect, test } from "vitest";
import { readRequest } from "./read-request.js";

const image = (query: string, variables?: Record<string, unknown>) =>
  readRequest({ query, variables }).named.map(({ key }) => key);

test("a call is the same with its arguments inline, in variables or in defaults", () => {
  const plain = image('{ container { from(address: "alpine") { id } } }');
  const variable = "query Q($a: String!) { container { from(address: $a) { id } } }";
  const absent = 'query Q($a: String = "alpine") { container { from(address: $a) { id } } }';
  expect(image(variable, { a: "alpine" })).toEqual(plain);
  expect(image(absent)).toEqual(plain);
  expect(image(variable, { a: "alpine:3" })).not.toEqual(plain);
});

test("does not keep unused values with a call", () => {
  const query = "query Q($a: String!) { container { from(address: $a) { id } } }";
  const [key] = image(query, { a: "alpine", token: "x".repeat(1_000_000) });
  expect(key?.length).toBeLessThan(100);
});

test("calls with different lists or objects are different", () => {
  const http = (headers: string) => `query Q($v: String) {
    http(url: "https://a.example/x", options: { headers: [${headers}], deep: { on: true, none: null } }) { id }
  }`;
  expect(image(http("$v"), { v: "one" })).toEqual(image(http('"one"')));
  expect(image(http("$v"), { v: "one" })).not.toEqual(image(http("$v"), { v: "two" }));
  expect(image(http("$v"))).toEqual(image(http("null")));
});

test("finds ids in lists, objects, variables and their defaults", () => {
  const query = `query Q($deep: Any, $absent: String = "in a default") {
    node(id: "plain") { a(b: ["in a list", { c: "in an object" }], d: $deep, e: $absent) }
  }`;
  const variables = { deep: [{ id: "in a variable", more: [["deeper"]] }], unused: "never" };
  expect([...readRequest({ query, variables }).texts].sort()).toEqual([
    "deeper",
    "in a default",
    "in a list",
    "in a variable",
    "in an object",
    "plain",
  ]);
});

test.each([null, undefined, 5, [], {}, { query: 5 }, { query: "{ a", variables: 5 }])(
  "a value that is not a request names nothing: %j",
  (request) => {
    expect(readRequest(request as never).named).toEqual([]);
  },
);
