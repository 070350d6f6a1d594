import { expect, test } from "vitest";
import { headersForOwnBody, headersToPassOn } from "./headers.js";

test("headers go on as they came, twice given ones too", () => {
  const raw = ["User-Agent", "OTel", "X-Api-Key", "s3cret", "x-part", "1", "X-Part", "2"];
  expect({ ...headersToPassOn(raw) }).toEqual({
    "User-Agent": ["OTel"],
    "X-Api-Key": ["s3cret"],
    "x-part": ["1", "2"],
  });
});

test("what belongs to one connection stays behind, also what the connection names", () => {
  const raw = [
    ...["Host", "127.0.0.1:1", "Connection", "keep-alive, X-Hop", "X-Hop", "1", "TE", "trailers"],
    ...["Keep-Alive", "timeout=5", "Transfer-Encoding", "chunked", "Upgrade", "h2c"],
    ...["Proxy-Authorization", "Basic x", "Content-Length", "7", "Expect", "100-continue"],
    ...["Authorization", "Bearer t", "Content-Encoding", "gzip"],
  ];
  expect(Object.keys(headersToPassOn(raw))).toEqual(["Authorization", "Content-Encoding"]);
});

test("a body of our own borrows all but what tells how the other body is written", () => {
  const raw = ["CONTENT-TYPE", "application/x-protobuf; v=2", "Content-Encoding", "gzip", "A", "b"];
  expect({ ...headersForOwnBody(headersToPassOn(raw)) }).toEqual({
    A: ["b"],
    "content-type": ["application/x-protobuf"],
  });
});

test("a header may have any name", () => {
  expect(Object.keys(headersToPassOn(["__proto__", "1", "constructor", "2"]))).toEqual([
    "__proto__",
    "constructor",
  ]);
});
