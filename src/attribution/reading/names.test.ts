import fc from "fast-check";
import { expect, test } from "vitest";
import { withoutNames } from "./names.js";

test.each([
  ["docker.io/acme/ratelimit:503: not found", ": not found"],
  ["manifest for alpine:503 not found", "manifest for __________ not found"],
  ['get "https://timeout.example/eof?a=1": x', 'get "'],
  ["stat /src/too-many/503: no such file", "stat _________________: no such file"],
  ["fatal: couldn't find remote ref throttled", "remote ref _________"],
  ['unknown command "boltdb" for "dagger call"', 'command "______" for "dagger call"'],
  ["lookup git-lfs.example on 10.0.0.1:53: no such host", "lookup _______________ on "],
  ["registry 'ghcr.io/a/b:1',next", "',next"],
])("blots out the names in %j", (text, left) => {
  const blotted = withoutNames(text);
  expect(blotted).toContain(left);
  expect(blotted).toHaveLength(text.length);
});

test.each([
  "dial tcp 10.0.0.1:443: i/o timeout",
  "read/write on closed pipe",
  "net/http: tls handshake timeout",
  "http/1.1 503 service unavailable",
  "toomanyrequests: you have reached your pull rate limit",
  "manifest unknown: failed",
])("keeps words: %j", (text) => {
  expect(
    withoutNames(text)
      .replace(/_{4,}:443/, "10.0.0.1:443")
      .replace(/_{4,}/, "10.0.0.1:443"),
  ).toBe(text);
});

test("positions stay the same in any text", () => {
  const unit = fc.constantFrom("a", "/", ":", " ", '"', "=", ".", "tag ", "from ", "://", "5");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
      const blotted = withoutNames(text);
      expect(blotted).toHaveLength(text.length);
      for (let at = 0; at < text.length; at += 1) {
        if (blotted[at] !== "_") expect(blotted[at]).toBe(text[at]);
      }
    }),
  );
});
