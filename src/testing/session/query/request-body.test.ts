import { expect, test } from "vitest";
import { readRequest } from "./request-body.js";

test.each([
  ["{nope", "invalid character 'n' looking for beginning of object key string"],
  ["", "EOF"],
  ["  ", "EOF"],
  ["?", "invalid character '?' looking for beginning of value"],
  ['{"query"', "unexpected EOF"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
])("rejects the body %j in Go's words: %s", (body, words) => {
  expect(readRequest(body)).toEqual({
    problem: `json request body could not be decoded: ${words} body:${body}`,
  });
});

test("a body without query, or with parts of another type, is a request for nothing", () => {
  const nothing = { query: "", operationName: undefined, variables: {} };
  for (const body of ["{}", "null", "3", '{"query":3,"operationName":"","variables":null}']) {
    expect(readRequest(body)).toEqual(nothing);
  }
});
