import { expect, test } from "vitest";
import { type QuotaAnswer, quotaEndpoints, readQuota } from "./quota.js";

const answer = (status: number, headers: Record<string, string> = {}): QuotaAnswer => ({
  status,
  header: (name) => headers[name] ?? null,
});

test("reads limit, rest, window and owner from the headers of Docker Hub", () => {
  const quota = readQuota(
    "docker.io",
    answer(200, {
      "ratelimit-limit": "100;w=21600",
      "ratelimit-remaining": "98;w=21600",
      "docker-ratelimit-source": "203.0.113.7",
    }),
  );
  expect(quota).toEqual({
    registry: "docker.io",
    state: "left",
    limit: 100,
    remaining: 98,
    windowMs: 21_600_000,
    source: "203.0.113.7",
    retryAfterMs: null,
  });
});

test("zero pulls left is an exhausted quota", () => {
  const headers = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" };
  expect(readQuota("docker.io", answer(200, headers))?.state).toBe("exhausted");
});

test("a 429 is an exhausted quota, even without headers or with pulls left in them", () => {
  expect(readQuota("docker.io", answer(429))?.state).toBe("exhausted");
  const headers = { "ratelimit-remaining": "7;w=21600", "retry-after": "30" };
  expect(readQuota("docker.io", answer(429, headers))).toMatchObject({
    state: "exhausted",
    remaining: 7,
    retryAfterMs: 30_000,
  });
});

test("an answer without headers states no limit", () => {
  expect(readQuota("docker.io", answer(200))).toMatchObject({
    state: "unstated",
    limit: null,
    remaining: null,
    windowMs: null,
  });
});

test("reads an amount without a window, and ignores an invalid amount", () => {
  expect(readQuota("docker.io", answer(200, { "ratelimit-remaining": "5" }))).toMatchObject({
    state: "left",
    remaining: 5,
    windowMs: null,
  });
  expect(readQuota("docker.io", answer(200, { "ratelimit-remaining": "-5;w=60" }))).toMatchObject({
    remaining: null,
    windowMs: 60_000,
  });
  const odd = { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "ratelimit-limit": "many" };
  expect(readQuota("docker.io", answer(200, odd))).toMatchObject({
    limit: null,
    retryAfterMs: null,
  });
});

test.each([401, 403, 404, 500, 503, 302])("a status of %i states no quota", (status) => {
  expect(readQuota("docker.io", answer(status, { "ratelimit-remaining": "5" }))).toBeUndefined();
});

test("ignores a source that could pass for something else", () => {
  const source = "203.0.113.7\u001b[2J";
  expect(readQuota("x", answer(200, { "docker-ratelimit-source": source }))?.source).toBeNull();
});

test.each(["docker.io", "registry-1.docker.io", "index.docker.io"])(
  "knows the addresses of Docker Hub by the name %s",
  (registry) => {
    expect(quotaEndpoints(registry)).toEqual({
      registry: "docker.io",
      tokenUrl:
        "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aratelimitpreview%2Ftest%3Apull",
      manifestUrl: "https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest",
    });
  },
);

test("asks another registry at the given addresses, without a token if it has no token server", () => {
  const registryUrl = "https://registry.example/hub/";
  expect(quotaEndpoints("registry.example", { registryUrl })).toEqual({
    registry: "registry.example",
    tokenUrl: undefined,
    manifestUrl: "https://registry.example/hub/v2/ratelimitpreview/test/manifests/latest",
  });
  const authUrl = "https://auth.example/token?realm=x";
  expect(quotaEndpoints("registry.example", { registryUrl, authUrl }).tokenUrl).toBe(
    "https://auth.example/token?realm=x&service=registry.example&scope=repository%3Aratelimitpreview%2Ftest%3Apull",
  );
});

test("rejects another registry without an address by name", () => {
  expect(() => quotaEndpoints("ghcr.io")).toThrow(/registry is "ghcr.io", expected "docker.io"/);
});

test("rejects an invalid address, and does not show one with credentials", () => {
  expect(() => quotaEndpoints("docker.io", { registryUrl: "ftp://x" })).toThrow(
    /registry URL is "ftp:\/\/x", expected an http or https address/,
  );
  expect(() => quotaEndpoints("docker.io", { authUrl: "https://bot:hunter2@x/token" })).toThrow(
    /^auth URL is an address that is not shown, because it contains an @, expected (?!.*hunter2)/,
  );
});

test("reads a delay in seconds or as a date", () => {
  const delayOf = (value: string) => readQuota("ghcr.io", answer(429, { "retry-after": value }));
  expect(delayOf("30")).toMatchObject({ state: "exhausted", retryAfterMs: 30_000 });
  const inAMinute = new Date(Date.now() + 60_000).toUTCString();
  const { retryAfterMs } = delayOf(inAMinute) ?? {};
  expect(retryAfterMs).toBeGreaterThan(50_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  expect(delayOf("soon")).toMatchObject({ retryAfterMs: null });
});
