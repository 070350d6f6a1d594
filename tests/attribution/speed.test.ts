import { expect, test } from "vitest";
import { classifyFailure } from "../../src/attribution/classify/classify-failure.js";
import { classifyResponse } from "../../src/attribution/classify/classify-response.js";
import { processorMs } from "../own-time.js";

/** Texts on which a pattern with nested repetitions would run for a very long time. */
const STRETCHES = [
  "a",
  " ",
  "\n",
  "  \n",
  "-\n  a",
  "://",
  'get "https://a',
  "https://a@",
  "fetch remote a@b:",
  "Error: x\n",
  "1   : ! x\n",
  "#1 1.1 ",
  "│ ┃ ",
  "image a/b:c ",
  "from a.b/c ",
  "status code ",
  "503 ",
  "dial tcp a.b.c:1->",
  "lookup a.b ",
  "retry-after: 1m",
  "exit code: -",
  "session 0123456789 ",
  "snapshot aaaaaaaaa ",
  "container registry a.a.a.a",
  "\u001b[1;1m",
  "[traceparent:0",
  "did not complete successfully: ",
  "token bucket key x not set for ",
  "host='a.a.a",
  'unable to start container process: exec: "a',
  "oci runtime: exec a/a:",
  "oci runtime: chdir to cwd (a",
  `dial unix ${"/docker".repeat(60)} `,
  "/var/lib/dagger/a: ",
  "failed to prepare aaaa as ",
  "snapshot aaaa sha256:0a0a0a ",
  "unknown a",
  "could not be ",
  "start engine: context a.a-",
  "docker://a.b/c",
  "a.b/c: not found",
  '\\\\"',
  "/",
  "a/",
  "a=b/",
  "tag a-",
  "from from ",
  'function "a',
  "remote ref a",
  "proxyconnect tcp: dial tcp lookup a",
  "socks connect tcp a.a:1->a.a:1",
  "resolve proxy: a.a",
  "connect to a.a port 1 via ",
  "request to aaaa",
  "response status 503 a ",
  ": 503 a",
  "503 a, ",
  "404 Not Found: https://a.b/c ",
  "url=URL('https://a.b/c') ",
  "to a.a.a/a",
  "9   : ┆ [0.1s] | 1   : connect\n",
  "9   : ┆ exec a\n",
  "#9 [a] RUN a\n#9 0.1 a\n",
  "▼ a\na\n\n",
  "▶ ..XX\n",
  "✘ a 0.1s ERROR\n! a\n",
  "✔ a 1s | 1s █ ",
  '├╴✘ a(\n  ┆ a: "b"\n',
  "│ ╰╴┃ │ ╰╴! a\n  a\n",
  "TRACE ✘ a\n! a\n",
  "┇ a › \n✘ a 1s\n",
  'url: "a" address: "a ',
  "\u001b[1A",
  "14:27:39 DBG a\n",
  "------\n > a:\n0.1 a\n",
  "2025-11-25T01:02:03.1Z ",
  "2025-11-25T01:02:03.1Z\n",
  "::error a",
  "\u001b]8;;a",
  "go: a@v",
  "e: unable to\n",
  "failed to connect to engine\n",
  "start engine: failed to run container: context canceled ",
  'post "http://dagger/query": context canceled\n',
  "content store: a: expected at /a ",
  "the push refers to repository [a.b/c",
];

/** Returns the shortest time of several runs, because other work of the machine only adds time. */
function leastMs(text: string): number {
  return Math.min(
    ...[1, 2, 3].map(() => processorMs(() => classifyFailure(text, { query: text }))),
  );
}

test.each(STRETCHES)("a megabyte of %j takes no longer than 128 KiB of it", (stretch) => {
  const fill = (size: number) => stretch.repeat(Math.ceil(size / stretch.length)).slice(0, size);
  classifyFailure(fill(128 * 1024));
  const small = leastMs(fill(128 * 1024));
  const large = leastMs(fill(1024 * 1024));
  expect(large).toBeLessThan(3 * small + 50);
  expect(small).toBeLessThan(1_500);
});

const TEN_MEGABYTES = "Error: https://a.example timed out 503\n".repeat(270_000);

test.each<[string, () => unknown]>([
  ["a text", () => classifyFailure(TEN_MEGABYTES)],
  ["a message", () => classifyFailure(new Error(TEN_MEGABYTES))],
  ["a message without a line break", () => classifyFailure("a".repeat(10_000_000))],
  ["a name and a code", () => classifyFailure({ name: TEN_MEGABYTES, code: TEN_MEGABYTES })],
  [
    "what a command printed",
    () => classifyFailure({ name: "ExecError", exitCode: 1, stdout: TEN_MEGABYTES }),
  ],
  ["an answer", () => classifyResponse({ status: 502, body: TEN_MEGABYTES })],
  ["a cut answer", () => classifyResponse({ status: 200, body: "{".repeat(10_000_000) })],
  ["a query", () => classifyFailure("invalid response status 503", { query: TEN_MEGABYTES })],
  ["an operation", () => classifyFailure("x", { operation: TEN_MEGABYTES, source: TEN_MEGABYTES })],
])("%s of 10 MB takes less than a second", (_what, classify) => {
  expect(Math.min(...[1, 2, 3].map(() => processorMs(classify)))).toBeLessThan(1_000);
});
