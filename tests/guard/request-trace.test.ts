// Tests how the engine's own spans change the outcomes of a request.
import { expect, test, vi } from "vitest";
import type { Evidence } from "../../src/attribution/spans/evidence.js";
import { Guard } from "../../src/guard/guard.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import type { RequestTrace } from "../../src/guard/judgement/request-trace.js";
import { isTimeoutError } from "../../src/policies/timeout.js";
import { createRegistry } from "../../src/registry/registry.js";
import { sendIn } from "./one-session.js";
import {
  countsOf,
  EXEC_FAILED,
  failing,
  from,
  json,
  outage,
  pullFailed,
  setUp,
  stateOf,
  WORKED,
} from "./scene.js";

type Seen = Partial<Evidence> & Pick<Evidence, "kind" | "host" | "outcome">;

/** Returns a request trace that shows these exchanges. */
function saw(...seen: Seen[]): RequestTrace {
  const exchanges = seen.map((one) => ({
    servesHost: one.host,
    status: null,
    at: 0,
    durationMs: 5,
    forgeable: false,
    requestId: "b7ad6b7169203331",
    ...one,
  }));
  return { dropped: vi.fn(), end: vi.fn(), exchanges: async () => exchanges };
}

const nothing = saw;
const missing = (): RequestTrace => ({ ...saw(), exchanges: async () => undefined });

const HUB: Seen = { kind: "registry", host: "registry-1.docker.io", outcome: "answered" };
const MODULE_503 = failing({
  message: "invalid response status 503 Service Unavailable",
  path: ["hello", "fetch"],
});

test("a success without an exchange is from a cache: it proves nothing", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"), WORKED, nothing());
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 0 });
  await send(from("alpine:4"), WORKED, saw(HUB));
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
});

test("a rate limit in the answer opens at once, before any spans", async () => {
  const { registry, send } = setUp();
  const silent = { ...saw(), exchanges: () => new Promise<undefined>(() => {}) };
  const limited = failing(pullFailed("library/alpine:3", "429 Too Many Requests"));
  await send(from("alpine:3"), limited, silent);
  expect(stateOf(registry, "registry:docker.io")).toBe("open");
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ failureCount: 1 });
});

test.each([
  ["a login page in place of a manifest", "unsupported descriptor media type text/html"],
  [
    "broken JSON in place of a manifest",
    "invalid character 'n' looking for beginning of object key string",
  ],
])(
  "%s is neither a success nor a failure of the registry, whatever answered",
  async (_what, words) => {
    const image = 'failed to resolve image "docker.io/acme/app:1" (platform: "linux/amd64"): ';
    for (const trace of [saw(HUB), missing(), undefined]) {
      const { registry, send } = setUp();
      await send(from("acme/app:1"), failing(image + words), trace);
      expect(countsOf(registry, "registry:docker.io")).toMatchObject({
        successCount: 0,
        failureCount: 0,
      });
      expect(countsOf(registry, "engine")).toMatchObject({ successCount: 1 });
    }
  },
);

test.each([
  [
    "a scheme that no client knows",
    'Get "ftp://files.example.com/a": unsupported protocol scheme "ftp"',
  ],
  [
    "a port that is none",
    'Get "https://files.example.com:99999/a": dial tcp: address 99999: invalid port',
  ],
  ["a URL that cannot be read", 'parse "https://files.example.com/%zz": invalid URL escape "%zz"'],
])("a host that was never asked has not answered: %s", async (_what, message) => {
  const { registry, send } = setUp();
  const query = '{ http(url: "https://files.example.com/a") { contents } }';
  await send(query, failing({ message, path: ["http"] }), missing());
  expect(countsOf(registry, "http:files.example.com")).toMatchObject({
    successCount: 0,
    failureCount: 0,
  });
});

test("an id that the session does not know proves nothing about its engine", async () => {
  const { registry, send } = setUp();
  const message =
    'arg "id": resolve ID input "engineResult(7): Socket!": resolve result 7: missing shared result';
  await send(
    '{ loadDirectoryFromID(id: "x") { entries } }',
    failing({ message, path: ["loadDirectoryFromID"] }),
  );
  expect(countsOf(registry, "engine")).toMatchObject({ ignoredCount: 1, failureCount: 0 });
});

test("a rate limit that a function can have forged is one failure, and opens nothing at once", async () => {
  const limited = { kind: "http", host: "files.example.com", outcome: "limited" } as const;
  const answer = failing({
    message: "invalid response status 429 Too Many Requests",
    path: ["hello", "fetch"],
  });
  const forged = setUp();
  await forged.send("{ hello { fetch } }", answer, saw({ ...limited, forgeable: true }));
  expect(stateOf(forged.registry, "http:files.example.com")).toBe("closed");
  expect(countsOf(forged.registry, "http:files.example.com")).toMatchObject({ failureCount: 1 });
  const own = setUp();
  await own.send("{ hello { fetch } }", answer, saw({ ...limited, forgeable: true }, limited));
  expect(stateOf(own.registry, "http:files.example.com")).toBe("open");
});

test("without spans the answer alone decides", async () => {
  const { registry, send } = setUp();
  await send(from("alpine:3"), WORKED, missing());
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 });
});

test("a half-open circuit closes only on an exchange", async () => {
  const scene = setUp();
  await outage(scene);
  scene.clock.advance(120_000);
  await scene.send(from("alpine:3"), WORKED, nothing());
  expect(stateOf(scene.registry, "registry:docker.io")).toBe("half-open");
  await scene.send(from("alpine:4"), EXEC_FAILED, saw(HUB));
  expect(stateOf(scene.registry, "registry:docker.io")).toBe("closed");
});

test("the caller does not wait for spans, but the settlement does", async () => {
  const { registry, send } = setUp();
  let tell = (_evidence: Evidence[]) => {};
  const late = {
    ...saw(),
    exchanges: () => new Promise<Evidence[]>((resolve) => (tell = resolve)),
  };
  await send(from("alpine:3"), WORKED, late);
  expect(countsOf(registry, "engine")).toMatchObject({ successCount: 1 });
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 0 });
  tell((await saw(HUB).exchanges(0)) as Evidence[]);
  await vi.waitFor(() =>
    expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 1 }),
  );
});

test("a failure in both the answer and the spans counts once", async () => {
  const { registry, send } = setUp();
  const answer = failing(pullFailed("acme/app:1", "503 Service Unavailable"));
  await send(from("acme/app:1"), answer, saw({ ...HUB, outcome: "failed", status: 503 }));
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({
    failureCount: 1,
    successCount: 0,
    lateCount: 0,
  });
});

test("spans name the host that an answer does not, even one that no request named", async () => {
  const { registry, clock, send } = setUp();
  const seen = saw({ kind: "http", host: "files.example.com", outcome: "failed", status: 503 });
  for (let second = 0; second < 6; second += 1) {
    await send("{ hello { fetch } }", MODULE_503, seen);
    clock.advance(1000);
  }
  await send("{ hello { fetch } }", MODULE_503, seen);
  expect(stateOf(registry, "http:files.example.com")).toBe("open");
  // The failures of the host were recorded, but this request does not name the host. So only a request that
  // names it is rejected.
  expect(await send("{ hello { fetch } }", MODULE_503, seen)).toBe("sent");
  expect(await send('{ http(url: "https://files.example.com/a") { size } }')).toBe("rejected");
});

test("a rate limit that only spans show opens at once", async () => {
  const { registry, send } = setUp();
  const answer = failing({ message: "invalid response status 429 Too Many Requests", path: ["m"] });
  await send("{ m }", answer, saw({ kind: "http", host: "files.example.com", outcome: "limited" }));
  expect(stateOf(registry, "http:files.example.com")).toBe("open");
  expect(registry.get("http:files.example.com").check().retryAfterMs).toBe(60_000);
});

test("a failure on behalf of a registry counts against that registry", async () => {
  const { registry, send } = setUp();
  const store = { host: "store.example.net", servesHost: "registry.example.com" };
  const message = 'failed to do request: Get "https://store.example.net/b": EOF';
  await send(
    from("registry.example.com/app:1"),
    failing(message),
    saw({ kind: "registry", outcome: "failed", ...store }),
  );
  expect(countsOf(registry, "registry:registry.example.com")).toMatchObject({ failureCount: 1 });
  expect(stateOf(registry, "registry:store.example.net")).toBe("no breaker");
});

test("forged spans count against no upstream", async () => {
  const { registry, send } = setUp();
  const forged = saw({ ...HUB, outcome: "failed", status: 503 });
  for (let run = 0; run < 50; run += 1) {
    // The forged spans accompany three kinds of requests: a successful one, one whose own command failed,
    // and one with another failure.
    await send(from(`alpine:${run}`), WORKED, forged);
    await send(from(`alpine:${run}`), EXEC_FAILED, forged);
    await send("{ hello { fetch } }", MODULE_503, forged);
    await send(
      from(`ghcr.io/acme/app:${run}`),
      failing('failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": EOF'),
      forged,
    );
    await send(from(`alpine:${run}`), failing("words that no rule knows"), forged);
  }
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ failureCount: 0 });
  expect(stateOf(registry, "registry:docker.io")).toBe("closed");
});

test("an answer of an unknown host creates no breaker", async () => {
  const { registry, send } = setUp();
  await send("{ hello { fetch } }", WORKED, saw({ kind: "git", host: "a.b", outcome: "answered" }));
  expect(stateOf(registry, "git:a.b")).toBe("no breaker");
});

test("the exchange decides about slow calls, never the request", async () => {
  const trip = {
    failureRate: 1,
    windowCalls: 4,
    minimumCalls: 2,
    slowCallMs: 100,
    slowCallRate: 1,
  };
  const { registry, clock, send } = setUp({ breakers: { "registry:*": { trip } } });
  clock.advance(1);
  await send(from("alpine:1"), WORKED, saw({ ...HUB, durationMs: 99 }));
  await send(from("alpine:2"), WORKED);
  await send(from("alpine:3"), WORKED, saw({ ...HUB, durationMs: 99 }));
  expect(stateOf(registry, "registry:docker.io")).toBe("closed");
  for (let pull = 0; pull < 4; pull += 1) {
    await send(from(`busybox:${pull}`), WORKED, saw({ ...HUB, durationMs: 100 }));
  }
  expect(stateOf(registry, "registry:docker.io")).toBe("open");
});

test("slow exchanges forged by a container make no upstream slow", async () => {
  const trip = { failureRate: 1, windowCalls: 4, minimumCalls: 2, slowCallMs: 10, slowCallRate: 1 };
  const { registry, send } = setUp({ breakers: { "registry:*": { trip } } });
  for (let pull = 0; pull < 8; pull += 1) {
    await send(from(`alpine:${pull}`), WORKED, saw({ ...HUB, durationMs: 1e9, forgeable: true }));
  }
  expect(stateOf(registry, "registry:docker.io")).toBe("closed");
  expect(countsOf(registry, "registry:docker.io")).toMatchObject({ successCount: 8 });
});

test.each([
  ["an exchange that hung until our own drop", 'from(address: "alpine")', true],
  ["one with a host that the request does not name", 'from(address: "ghcr.io/a/b")', false],
])("after a timeout: %s", async (_title, field, blamed) => {
  const registry = createRegistry();
  const guard = new Guard({ registry, operationTimeoutMs: 20 });
  const session = new GuardedSession(guard);
  const trace = saw({ ...HUB, outcome: "failed", durationMs: 15 });
  const request = sendIn(
    session,
    { query: `{ container { ${field} { withExec(args: ["a"]) { stdout } } } }` },
    ({ query }, signal) =>
      query === "{ version }"
        ? Promise.resolve(json({ data: { version: "v0.21.8" } }))
        : new Promise<never>((_resolve, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason));
          }),
    { trace: trace },
  );
  await expect(request).rejects.toSatisfy(isTimeoutError);
  expect(trace.dropped).toHaveBeenCalledWith(20);
  await vi.waitFor(() => expect(countsOf(registry, "engine")).toMatchObject({ ignoredCount: 1 }));
  expect(countsOf(registry, "registry:docker.io")?.failureCount ?? 0).toBe(blamed ? 1 : 0);
});

test("a request that is rejected, or whose connection breaks, awaits no spans", async () => {
  const scene = setUp();
  await outage(scene);
  const trace = { ...saw(HUB), exchanges: vi.fn() };
  expect(await scene.send(from("alpine:3"), WORKED, trace)).toBe("rejected");
  expect(trace.exchanges).not.toHaveBeenCalled();
  expect(trace.end).toHaveBeenCalled();
});
