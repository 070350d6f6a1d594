import { expect, test } from "vitest";
import { probeQuota, type QuotaFetch, QuotaProbeError } from "./quota-probe.js";

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly authorization: string | undefined;
}

/**
 * Returns a fetch function that answers with the given responses in order. Also returns the list of
 * received requests.
 */
function registryOf(...answers: Response[]): { fetch: QuotaFetch; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: QuotaFetch = async (url, { method, headers, redirect }) => {
    expect(redirect).toBe("manual");
    sent.push({ url, method, authorization: headers.authorization });
    const answer = answers.shift();
    if (answer === undefined) throw new Error("asked too often");
    return answer as unknown as Awaited<ReturnType<QuotaFetch>>;
  };
  return { fetch, sent };
}

const token = (value: unknown = "t0ken") => Response.json({ token: value });
const manifest = (headers: Record<string, string> = {}, status = 200) =>
  new Response(null, { status, headers });
const LEFT = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "98;w=21600" };

const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable("it was to fail"),
    (reason) => reason as QuotaProbeError,
  );

test("fetches an anonymous token, then asks for the head of the preview manifest with it", async () => {
  const { fetch, sent } = registryOf(token(), manifest(LEFT));
  expect(await probeQuota({ fetch })).toMatchObject({ state: "left", limit: 100, remaining: 98 });
  expect(sent).toEqual([
    {
      url: expect.stringContaining("https://auth.docker.io/token?service=registry.docker.io"),
      method: "GET",
      authorization: undefined,
    },
    {
      url: "https://registry-1.docker.io/v2/ratelimitpreview/test/manifests/latest",
      method: "HEAD",
      authorization: "Bearer t0ken",
    },
  ]);
});

test("sends credentials only to the token server", async () => {
  const { fetch, sent } = registryOf(Response.json({ access_token: "theirs" }), manifest(LEFT));
  await probeQuota({ fetch, credentials: { username: "bot", password: "pä:ss" } });
  const basic = Buffer.from("bot:pä:ss").toString("base64");
  expect(sent.map(({ authorization }) => authorization)).toEqual([
    `Basic ${basic}`,
    "Bearer theirs",
  ]);
});

test("asks a registry without a token server at once", async () => {
  const { fetch, sent } = registryOf(manifest(LEFT));
  await probeQuota({ fetch, registry: "r.example", registryUrl: "https://r.example" });
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ method: "HEAD", authorization: undefined });
});

test("a 429 of the registry or of its token server is an exhausted quota", async () => {
  const ofRegistry = registryOf(token(), manifest({ "retry-after": "60" }, 429));
  expect(await probeQuota({ fetch: ofRegistry.fetch })).toMatchObject({
    state: "exhausted",
    retryAfterMs: 60_000,
  });
  const ofServer = registryOf(manifest({}, 429));
  expect(await probeQuota({ fetch: ofServer.fetch })).toMatchObject({ state: "exhausted" });
});

test.each([
  [401, "refused", "auth.docker.io refused the credentials (401)"],
  [403, "refused", "auth.docker.io refused the credentials (403)"],
  [503, "unexpected", "auth.docker.io answered with status 503"],
  [302, "unexpected", "auth.docker.io answered with status 302"],
] as const)("reports a token server's %i as %s", async (status, failure, message) => {
  const { fetch } = registryOf(manifest({}, status));
  const error = await reasonOf(probeQuota({ fetch }));
  expect(error).toBeInstanceOf(QuotaProbeError);
  expect(error).toMatchObject({ name: "QuotaProbeError", code: "QUOTA_PROBE_FAILED" });
  expect(error).toMatchObject({ failure, message, status, host: "auth.docker.io" });
});

test("reports a registry's 503 with its host", async () => {
  const { fetch } = registryOf(token(), manifest({}, 503));
  expect(await reasonOf(probeQuota({ fetch }))).toMatchObject({
    failure: "unexpected",
    host: "registry-1.docker.io",
    status: 503,
  });
});

test.each([
  ["no JSON", new Response("<html>")],
  ["no token", Response.json({})],
  ["null", Response.json(null)],
  ["a token that is no header value", token("a\r\nx: y")],
  ["an answer without end", new Response("x".repeat(300_000))],
])("%s from the token server is unexpected, and not shown", async (_what, answer) => {
  const { fetch, sent } = registryOf(answer);
  const error = await reasonOf(probeQuota({ fetch }));
  expect(error.failure).toBe("unexpected");
  expect(error.message).not.toMatch(/html|xxx|x: y/);
  expect(sent).toHaveLength(1);
});

test("reports a server that cannot be reached with the system's code, without the message", async () => {
  const fetch: QuotaFetch = async () => {
    throw new TypeError("fetch failed", {
      cause: Object.assign(new Error("connect to bot:hunter2@x"), { code: "ECONNREFUSED" }),
    });
  };
  const error = await reasonOf(probeQuota({ fetch }));
  expect(error).toMatchObject({
    failure: "unreachable",
    message: "auth.docker.io could not be reached (ECONNREFUSED)",
    status: undefined,
  });
  expect(error.cause).toBeUndefined();
});

/** Never responds. Rejects when the request is aborted. */
const hanging: QuotaFetch = (_url, { signal }) =>
  new Promise((_resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    // Keeps the process alive, as the socket of a real request does.
    const alive = setInterval(() => {}, 1000);
    signal.addEventListener("abort", () => clearInterval(alive));
  });

test("gives up a server that never answers after the timeout", async () => {
  expect(await reasonOf(probeQuota({ fetch: hanging, timeoutMs: 5 }))).toMatchObject({
    failure: "unreachable",
    message: "auth.docker.io did not answer within 5 ms",
  });
});

test("an aborted probe rejects with the signal's reason", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  expect(await reasonOf(probeQuota({ fetch: hanging, signal }))).toBe(reason);
});

test("does not send credentials in clear text, except to this machine itself", async () => {
  const credentials = { username: "bot", password: "hunter2" };
  const { fetch, sent } = registryOf(token(), manifest(LEFT));
  const ask = (authUrl: string) =>
    probeQuota({ fetch, credentials, authUrl, registryUrl: "http://127.0.0.1:5000" });
  const error = await reasonOf(ask("http://auth.example/token"));
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toMatch(/"authUrl" is an http address \(auth.example\), expected https/);
  expect(sent).toHaveLength(0);
  await ask("http://127.0.0.1:5001/token");
  expect(sent).toHaveLength(2);
});

test("rejects credentials without a server that takes them", async () => {
  const credentials = { username: "bot", password: "hunter2" };
  const registryUrl = "https://r.example";
  await expect(probeQuota({ registry: "r.example", registryUrl, credentials })).rejects.toThrow(
    /"credentials" needs a token server: set "authUrl"/,
  );
});

test.each([
  [{ timeoutMs: 0 }, RangeError, /"timeoutMs" is 0/],
  [{ registry: 7 }, TypeError, /"registry" is 7/],
  [{ registry: "ghcr.io" }, RangeError, /"ghcr.io", expected "docker.io"/],
  [{ registrry: "x" }, TypeError, /"registrry" is not known/],
  [{ credentials: { username: "x" } }, TypeError, /"password" is of type undefined/],
  [{ credentials: { username: "x", password: "" } }, RangeError, /"password" is 0, expected/],
  [{ fetch: "curl" }, TypeError, /"fetch" is "curl", expected a function/],
])("rejects wrong options by name: %j", async (options, type, message) => {
  const error = await reasonOf(probeQuota(options as never));
  expect(error).toBeInstanceOf(type);
  expect(error.message).toMatch(message);
});
