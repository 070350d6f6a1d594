/** Tests that a request is parsed only once, by counting how often its text is read. */

import { expect, test } from "vitest";
import { classifyResponse } from "../../src/attribution/classify/classify-response.js";
import type { GraphQLRequest, SessionResponse } from "../../src/attribution/failure.js";
import { readRequest } from "../../src/attribution/query/read-request.js";
import { MemoryDigests } from "../../src/guard/digests/known-digests.js";
import { Guard } from "../../src/guard/guard.js";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import { rejectionAnswer } from "../../src/guard/wire/rejection-answer.js";
import { createRegistry } from "../../src/registry/registry.js";
import { DIGEST, failing, from, json, WORKED } from "./scene.js";

/** Returns a request that counts reads of its text. Copies of its properties have no text. */
function counted(text: string) {
  const seen = { times: 0 };
  const request = Object.defineProperty({}, "query", {
    get() {
      seen.times += 1;
      return text;
    },
  }) as GraphQLRequest;
  return { request, seen };
}

function sessionOf(options: GuardOptions) {
  const guard = new Guard({ registry: createRegistry(), ...options });
  const session = new GuardedSession(guard);
  const send = (read: ReturnType<typeof readRequest>, answer: SessionResponse) => {
    const sent: (string | GraphQLRequest)[] = [];
    const sending = async (request: GraphQLRequest) => {
      sent.push(request === read.request ? "as given" : request);
      return answer;
    };
    return session.request(read, { send: sending, ask: sending }).then(() => sent);
  };
  return { guard, send };
}

/** An answer with as many errors as the guard reads at most. No error names a host. */
const HOSTLESS = json({
  data: null,
  errors: Array.from({ length: 1000 }, (_, index) => ({
    message: `failed to do request: EOF ${index}`,
    path: ["container", "from"],
  })),
});

test.each([
  ["that works", WORKED],
  ["with a thousand errors that name no host", HOSTLESS],
  ["that is no GraphQL", { status: 502, body: "<h1>Bad Gateway</h1>" }],
])("an answer %s leaves the request read once", async (_what, answer) => {
  const { request, seen } = counted(from("alpine:3"));
  const { send } = sessionOf({});
  expect(await send(readRequest(request), answer)).toEqual(["as given"]);
  expect(seen.times).toBe(1);
});

test("a request is read once for its mirror and its digest, which it gets both", async () => {
  const store = new MemoryDigests();
  store.remember("m.example/hub/library/alpine:3", "", DIGEST);
  const { request, seen } = counted(from("alpine:3"));
  const { guard, send } = sessionOf({
    mirrors: { "docker.io": ["m.example/hub"] },
    pin: { maxAgeMs: 60_000, store },
  });
  guard.upstream("registry:docker.io")?.isolate("down");
  const read = readRequest(request, guard.settings.rewrites);
  expect(await send(read, WORKED)).toEqual([
    expect.objectContaining({ query: from(`m.example/hub/library/alpine:3@${DIGEST}`) }),
  ]);
  expect(seen.times).toBe(1);
});

test("a request that was rejected is not read again to say where it names the host", async () => {
  const { request, seen } = counted(from("alpine:3"));
  const { guard, send } = sessionOf({});
  guard.upstream("registry:docker.io")?.isolate("down");
  const read = readRequest(request);
  const error = await send(read, WORKED).catch((reason) => reason);
  expect(rejectionAnswer(error, read)?.errors[0].path).toEqual(["container", "from"]);
  expect(seen.times).toBe(1);
});

test("a request given to the classifier is read once, and not at all where no error needs it", () => {
  const asked = counted(from("ghcr.io/acme/app:1"));
  const failures = classifyResponse(HOSTLESS, { query: asked.request });
  expect(new Set(failures.map(({ upstream }) => upstream))).toEqual(new Set(["ghcr.io"]));
  expect(asked.seen.times).toBe(1);
  const unasked = counted(from("alpine:3"));
  expect(classifyResponse(failing("exit code: 1"), { query: unasked.request })).toHaveLength(1);
  expect(unasked.seen.times).toBe(0);
});
