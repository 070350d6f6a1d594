/** Tests that the double gives the recorded answers of real engines, word for word. */

import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { ask, data, type RawAnswer, send } from "./client.js";
import {
  normalised,
  RECORDED_CASES,
  RECORDED_FAULTS,
  type RecordedCase,
  withSortedErrors,
} from "./recorded-cases.js";
import { HELLO } from "./recorded-module.js";

const DIGEST = `sha256:${"4fcc380a".repeat(8)}`;

/** Functions for the recorded requests that are not ordinary queries. */
const REQUESTS: Readonly<Record<string, (session: SessionDouble) => Promise<RawAnswer>>> = {
  "p-noauth": (session) => send(session, { token: "", body: '{"query":"{ version }"}' }),
  "p-badpath": (session) => send(session, { path: "/other", body: '{"query":"{ version }"}' }),
  "p-get": (session) => send(session, { method: "GET" }),
  "p-get-query": (session) =>
    send(session, { method: "GET", path: "/query?query=%7B%20version%20%7D" }),
  "p-badjson": (session) => send(session, { body: "{nope" }),
  "p-empty": (session) => send(session, { body: "" }),
  "p-text": (session) =>
    send(session, { body: "{ version }", headers: { "content-type": "text/plain" } }),
  "p-variables": (session) =>
    ask(session, "query A($x: String!) { container { from(address: $x) { platform } } }", {
      variables: { x: "busybox:h5" },
    }),
  "digest-ok": (session) =>
    ask(
      session,
      `{ container { from(address: "ghcr.io/acme/app@${DIGEST}") { withExec(args: ["true"]) { stdout } } } }`,
    ),
  "secret-echo": async (session) => {
    const set = (await data(session, '{ setSecret(name: "t", plaintext: "hunter2") { id } }')) as {
      setSecret: { id: string };
    };
    return ask(
      session,
      `{ container { from(address: "busybox:h5") { withSecretVariable(name: "TOKEN", secret: "${set.setSecret.id}") { withExec(args: ["sh","-c","echo token is $TOKEN >&2; exit 1"]) { stdout } } } } }`,
    );
  },
};

/**
 * Matches cases of 1.0 that the double does not imitate: hangs without an answer, services, builds of
 * Dockerfiles, modules from sources, and git's own programs. Also matches cases whose results depend on the
 * network and programs of this machine.
 */
const NOT_MADE =
  /^(?:\w+-(?:hang|blobhang)|service-.*|docker-build-.*|module-(?:none|local-none|clone-503)|http-ok|git-(?:ok|ok-tag|noref)|exec-wget-dns)$/;

describe.each(["v0.21.8", "v0.19.11", "v1.0.0-beta.10"] as const)("engine %s", (engineVersion) => {
  let session: SessionDouble;
  /** The session for cases about layers, which were recorded in a session of their own. */
  let second: SessionDouble;

  beforeAll(async () => {
    session = await startSessionDouble({
      engineVersion,
      faults: RECORDED_FAULTS,
      modules: { hello: HELLO },
      workdir: tmpdir(),
    });
    second = await session.openSession();
  });

  afterAll(() => session.stop());

  const cases = RECORDED_CASES.filter(
    ({ engine, id }) => engine === engineVersion && !NOT_MADE.test(id),
  );
  test.each(cases.map((recorded) => [recorded.id, recorded] as const))(
    "answers %s as recorded",
    async (id, recorded) => {
      const asked = id.startsWith("layer-") ? second : session;
      const given = await (REQUESTS[id]?.(asked) ?? ask(asked, recorded.query ?? ""));
      expect({ status: given.status, contentType: given.contentType }).toEqual({
        status: recorded.status,
        contentType: recorded.contentType,
      });
      const [wanted, answered] = comparable(recorded, given.body);
      expect(answered).toBe(wanted);
    },
  );
});

/** Returns both bodies, with the parts that differ between runs replaced. */
function comparable(recorded: RecordedCase, body: string): [string, string] {
  const wanted = withSortedErrors(normalised(recorded.body, recorded.engine));
  const answered = withSortedErrors(normalised(body, recorded.engine));
  // The recording leaves out the middle of a long output.
  const leftOut = /^(.*)…\[(\d+) characters left out\]…(.*)$/s.exec(wanted);
  const [, head = "", characters = "", tail = ""] = leftOut ?? [];
  if (leftOut === null || answered.length !== head.length + Number(characters) + tail.length) {
    return [wanted, answered];
  }
  return [head + tail, answered.slice(0, head.length) + answered.slice(-tail.length)];
}
