import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { checkResponse, isResponseError, ResponseError, responseOutcome } from "./response.js";

const NOW = "2026-11-30T12:00:00Z";
beforeEach(() => void vi.useFakeTimers({ now: new Date(NOW), toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

function respond(status: number, headers: Record<string, string> = {}) {
  return { status, headers: new Headers(headers) };
}

test.each([200, 204, 301, 304, 400, 401, 403, 404, 409, 422, 600])(
  "%i is a success: the server works",
  (status) => {
    const response = respond(status, { "retry-after": "5" });
    expect(responseOutcome(response)).toEqual({ outcome: "success", retryAfterMs: undefined });
    expect(checkResponse(response)).toBe(response);
  },
);

test.each([408, 429, 500, 502, 503, 504, 599])("%i is a failure", (status) => {
  expect(responseOutcome(respond(status))).toEqual({ outcome: "failure", retryAfterMs: undefined });
  expect(() => checkResponse(respond(status))).toThrow(`HTTP ${status}`);
});

test.each([
  ["120", 120_000],
  [" 0 ", 0],
  ["Mon, 30 Nov 2026 12:00:30 GMT", 30_000],
  ["Monday, 30-Nov-26 12:00:30 GMT", 30_000],
  ["Mon, 30 Nov 2026 11:00:00 GMT", undefined],
  ["soon", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["99999999999", undefined],
  ["", undefined],
])("Retry-After: %j is read as %j ms", (header, retryAfterMs) => {
  expect(responseOutcome(respond(503, { "retry-after": header })).retryAfterMs).toBe(retryAfterMs);
});

test("the error names status, host and delay, but neither path nor query", () => {
  const url = "https://user:hunter2@api.example.com:8443/prices?token=hunter2";
  const response = { ...respond(429, { "retry-after": "30" }), url };
  const error = thrownBy(() => checkResponse(response));
  expect(error.message).toBe("HTTP 429 from api.example.com:8443, retry after 30s");
  expect(error).toMatchObject({ name: "ResponseError", code: "HTTP_RESPONSE", status: 429 });
  expect(error.retryAfterMs).toBe(30_000);
  expect(JSON.stringify({ ...error, stack: error.stack })).not.toContain("hunter2");
  expect(thrownBy(() => checkResponse({ ...respond(500), url: "no url" })).message).toBe(
    "HTTP 500",
  );
});

test("cancels the body of a failed response, and leaves one alone that cannot be canceled", async () => {
  const cancel = vi.fn();
  const body = new ReadableStream({ cancel });
  expect(() => checkResponse(new Response(body, { status: 503 }))).toThrow(ResponseError);
  expect(cancel).toHaveBeenCalledOnce();
  const read = new Response("taken", { status: 503 });
  const reader = read.body?.getReader();
  expect(() => checkResponse(read)).toThrow(ResponseError);
  await reader?.cancel();
});

test("a breaker stays open as long as the server asked for", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1, resetTimeoutMs: 1_000 });
  const limited = respond(429, { "retry-after": "120" });
  await expect(breaker.execute(() => checkResponse(limited))).rejects.toSatisfy(isResponseError);
  const { retryAfterMs = 0 } = breaker.check();
  expect(retryAfterMs).toBeGreaterThan(60_000);
  expect(retryAfterMs).toBeLessThanOrEqual(120_000);
});

test("a retryAfter function of the user takes precedence", async () => {
  const options = { failureThreshold: 1, resetTimeoutMs: 1_000, retryAfter: () => undefined };
  const breaker = new CircuitBreaker(options);
  const limited = respond(429, { "retry-after": "120" });
  await expect(breaker.execute(() => checkResponse(limited))).rejects.toThrow("HTTP 429");
  expect(breaker.check().retryAfterMs).toBeLessThanOrEqual(1_000);
});

test("the guard recognizes only errors of this kind", () => {
  expect(isResponseError(new ResponseError(503, undefined, undefined))).toBe(true);
  expect(isResponseError(new Error("HTTP 503"))).toBe(false);
});

function thrownBy(run: () => unknown): ResponseError {
  try {
    run();
  } catch (error) {
    return error as ResponseError;
  }
  throw new Error("nothing was thrown");
}
