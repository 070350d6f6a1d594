import { expect, test } from "vitest";
import { headersForOwnBody, headersToPassOn } from "./headers.js";

test("forwards headers unchanged, including repeated ones", () => {
  const raw = ["User-Agent", "OTel", "X-Api-Key", "s3cret", "x-part", "1", "X-Part", "2"];
  expect({ ...headersToPassOn(raw) }).toEqual({
    "User-Agent": ["OTel"],
    "X-Api-Key": ["s3cret"],
    "x-part": ["1", "2"],
  });
});

test("drops headers of one connection, including those that `connection` names", () => {
  const raw = [
    ...["Host", "127.0.0.1:1", "Connection", "keep-alive, X-Hop", "X-Hop", "1", "TE", "trailers"],
    ...["Keep-Alive", "timeout=5", "Transfer-Encoding", "chunked", "Upgrade", "h2c"],
    ...["Proxy-Authorization", "Basic x", "Content-Length", "7", "Expect", "100-continue"],
    ...["Authorization", "Bearer t", "Content-Encoding", "gzip"],
  ];
  expect(Object.keys(headersToPassOn(raw))).toEqual(["Authorization", "Content-Encoding"]);
});

test("a body of our own borrows all headers except those that describe the other body", () => {
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
