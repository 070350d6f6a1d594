/**
 * Copies of errors that clients create for an abort, seen with the named versions. The tests do not
 * need the packages of these clients.
 */

import { describe, expect, test } from "vitest";
import { outcomeOfAbort } from "./caller-abort.js";

const stop = new Error("stop");
const timeout = new DOMException("too slow", "TimeoutError");

function made(fields: object, message = "an error"): Error {
  return Object.assign(new Error(message), fields);
}

/** Returns an error with a chain of causes that ends in `end`. */
function causedBy(end: unknown, links: number): unknown {
  let error = end;
  for (let link = 0; link < links; link++) error = new Error("outer", { cause: error });
  return error;
}

function abortedWith(reason: unknown): AbortSignal {
  return AbortSignal.abort(reason);
}

/** The error of each client whose signal is aborted with `reason`. */
const MADE_BY_CLIENTS: readonly [client: string, made: (reason: unknown) => unknown][] = [
  [
    "axios 1.21",
    () => made({ name: "CanceledError", code: "ERR_CANCELED", __CANCEL__: true }, "canceled"),
  ],
  ["axios 0.26", () => Object.create({ __CANCEL__: true }, { message: { value: "canceled" } })],
  [
    "execa 9.6",
    (cause) => made({ name: "ExecaError", isCanceled: true, isTerminated: true, cause }),
  ],
  [
    "execa 5.1, by its own cancel()",
    () => made({ isCanceled: true, killed: true, timedOut: false }),
  ],
  [
    "execa 5.1, by its signal",
    (cause) => made({ name: "AbortError", code: "ABORT_ERR", isCanceled: false, cause }),
  ],
  [
    "@grpc/grpc-js 1.14",
    () => made({ code: 1, details: "Cancelled on client", metadata: {} }, "1 CANCELLED"),
  ],
  ["@connectrpc/connect 2.1", () => made({ name: "ConnectError", code: 1 }, "[canceled] stop")],
  ["got 14.6", () => made({ name: "AbortError", code: "ERR_ABORTED", cause: {} })],
  ["got 14.6, with its own name for the reason", (cause) => made({ name: "TimeoutError", cause })],
  ["node-fetch 3.3", () => made({ name: "AbortError", type: "aborted" })],
  ["superagent 10.4", () => made({ code: "ABORTED" }, "Aborted")],
  ["undici 7", () => made({ name: "AbortError", code: "UND_ERR_ABORTED" })],
  ["node:http of Node 20 to 24", (cause) => made({ name: "AbortError", code: "ABORT_ERR", cause })],
  ["fetch of Node 20 to 24", (reason) => reason],
];

describe.each(MADE_BY_CLIENTS)("%s", (_client, make) => {
  test("an abort of the caller is ignored", () => {
    expect(outcomeOfAbort(make(stop), abortedWith(stop))).toBe("ignored");
    expect(outcomeOfAbort(make("gone"), abortedWith("gone"))).toBe("ignored");
  });

  test("an abort whose reason is a TimeoutError is a failure", () => {
    expect(outcomeOfAbort(make(timeout), abortedWith(timeout))).toBe("failure");
  });

  test("without a signal, or before its abort, it is an ordinary error", () => {
    expect(outcomeOfAbort(make(stop), undefined)).toBeUndefined();
    expect(outcomeOfAbort(make(stop), new AbortController().signal)).toBeUndefined();
  });
});

describe("causes", () => {
  const inner = made({ code: "ERR_CANCELED" });

  test.each([0, 1, 5])("finds an abort below %i causes", (links) => {
    expect(outcomeOfAbort(causedBy(inner, links), abortedWith(stop))).toBe("ignored");
    expect(outcomeOfAbort(causedBy(stop, links), abortedWith(stop))).toBe("ignored");
    expect(outcomeOfAbort(causedBy("gone", links), abortedWith("gone"))).toBe("ignored");
  });

  test("a sixth cause is not read", () => {
    expect(outcomeOfAbort(causedBy(inner, 6), abortedWith(stop))).toBeUndefined();
    expect(outcomeOfAbort(causedBy(stop, 6), abortedWith(stop))).toBeUndefined();
  });

  test("ends when a chain of causes is circular", () => {
    const circle = made({});
    circle.cause = circle;
    expect(outcomeOfAbort(circle, abortedWith(stop))).toBeUndefined();
  });

  test("a reason that is null does not match every error without a cause", () => {
    expect(outcomeOfAbort(null, abortedWith(null))).toBe("ignored");
    expect(outcomeOfAbort(made({}), abortedWith(null))).toBeUndefined();
    expect(outcomeOfAbort(made({ cause: null }), abortedWith(null))).toBeUndefined();
  });
});

describe("with the signal aborted, an error of another kind stays a failure", () => {
  test.each<[what: string, error: unknown]>([
    ["one without any sign", made({})],
    ["a timeout of axios itself", made({ name: "AxiosError", code: "ECONNABORTED" })],
    ["a refused connection", made({ code: "ECONNREFUSED" })],
    ["an exit code 1", made({ code: 1, cmd: "false", killed: false })],
    ["another code of gRPC", made({ code: 14, details: "No connection established" })],
    ["the code 1 as a text", made({ code: "1" })],
    ["execa's error of a command that failed by itself", made({ isCanceled: false, exitCode: 1 })],
    ["a name that only contains the word", made({ name: "AbortedTransactionError" })],
    ["a TimeoutError that is not the reason", new DOMException("slow", "TimeoutError")],
    ["a text", "canceled"],
    ["undefined", undefined],
  ])("%s", (_what, error) => {
    expect(outcomeOfAbort(error, abortedWith(stop))).toBeUndefined();
  });

  test("an error whose properties throw", () => {
    const error = new Proxy(new Error("hostile"), {
      get: () => {
        throw new Error("no");
      },
    });
    expect(outcomeOfAbort(error, abortedWith(stop))).toBeUndefined();
    expect(outcomeOfAbort(error, abortedWith(error))).toBe("ignored");
  });
});
