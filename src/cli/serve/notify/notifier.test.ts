import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { VirtualClock } from "../../../testing/virtual-clock.js";
import type { Notice } from "./notice.js";
import { MAX_WAITING, Notifier, type Post } from "./notifier.js";

const URL_WITH_SECRET = "https://hooks.example/services/T0/B0/hunter2";
const KEY = Buffer.from("a-secret-of-twenty-four-bytes");

const notice = (id: string) => ({ id, text: `text of ${id}`, event: "opened" }) as Notice;

type Reply = number | Error | { readonly status: number; readonly retryAfter: string } | "never";

interface Sent {
  readonly atMs: number;
  readonly body: { readonly id: string; readonly text: string; readonly lostCount: number };
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Creates a notifier whose receiver gives these replies first, and then always 200. */
function scene(replies: readonly Reply[], key: Buffer | null = KEY) {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const lost: string[] = [];
  const left = [...replies];
  const post: Post = (url, { body, headers }, signal) => {
    expect(url).toBe(URL_WITH_SECRET);
    sent.push({ atMs: clock.now(), body: JSON.parse(body), headers, text: body });
    const reply = left.shift() ?? 200;
    if (reply === "never") {
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      );
    }
    if (reply instanceof Error) return Promise.reject(reply);
    const { status, retryAfter = null } = typeof reply === "number" ? { status: reply } : reply;
    return Promise.resolve({ status, headers: { get: () => retryAfter } });
  };
  const notifier = new Notifier({
    url: URL_WITH_SECRET,
    key: key ?? undefined,
    post,
    clock,
    nowMs: () => 1_700_000_000_900 + clock.now(),
    onLost: (message) => void lost.push(message),
  });
  /** Lets time pass in small steps, so that each timer runs when it is due. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed <= ms; passed += 500) {
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (passed < ms) clock.advance(500);
    }
  };
  return { clock, sent, lost, notifier, pass };
}

test("messages are sent in order, one at a time, after the turn that caused them", async () => {
  const { sent, lost, notifier, pass } = scene([]);
  for (const id of ["a", "b", "c"]) notifier.tell(notice(id));
  expect(sent).toEqual([]);
  await pass(0);
  expect(sent.map(({ body }) => body.id)).toEqual(["a", "b", "c"]);
  expect(sent[0]?.text).toBe('{"id":"a","text":"text of a","event":"opened","lostCount":0}');
  expect(lost).toEqual([]);
});

test("each attempt is signed with its own time, as Standard Webhooks describes", async () => {
  const { sent, notifier, pass } = scene([503]);
  notifier.tell(notice("change_1"));
  await pass(5000);
  const [first, second] = sent;
  expect(sent).toHaveLength(2);
  expect(Number(second?.headers["webhook-timestamp"])).toBeGreaterThanOrEqual(1_700_000_000);
  for (const { headers, text } of [first, second] as Sent[]) {
    const { "webhook-id": id, "webhook-timestamp": timestamp } = headers;
    expect(id).toBe("change_1");
    const signature = createHmac("sha256", KEY)
      .update(`${id}.${timestamp}.${text}`)
      .digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${signature}`);
    expect(headers["content-type"]).toBe("application/json");
  }
});

test("without a key no signature is sent", async () => {
  const { sent, notifier, pass } = scene([], null);
  notifier.tell(notice("a"));
  await pass(0);
  expect(Object.keys(sent[0]?.headers ?? {})).not.toContain("webhook-signature");
});

test.each<[string, Reply, string]>([
  ["status 500", 500, "the receiver answered with status 500"],
  ["status 429", 429, "the receiver answered with status 429"],
  [
    "a refused connection",
    new TypeError(`fetch failed: ${URL_WITH_SECRET}`, {
      cause: Object.assign(new Error(URL_WITH_SECRET), { code: "ECONNREFUSED" }),
    }),
    "the receiver cannot be reached (ECONNREFUSED)",
  ],
  ["silence", "never", "the receiver did not answer within 10s"],
])(
  "after %s a message is tried three times, and then the next one reports the loss",
  async (_, reply, reason) => {
    const { sent, lost, notifier, pass } = scene([reply, reply, reply]);
    notifier.tell(notice("a"));
    notifier.tell(notice("b"));
    await pass(60_000);
    expect(sent.map(({ body }) => body.id)).toEqual(["a", "a", "a", "b"]);
    expect(sent[3]?.body).toMatchObject({
      lostCount: 1,
      text: "text of b (1 earlier notification was lost)",
    });
    expect(lost).toEqual([`a notification was lost: ${reason}`]);
    notifier.tell(notice("c"));
    await pass(0);
    expect(sent[4]?.body).toMatchObject({ lostCount: 0, text: "text of c" });
  },
);

test.each([404, 401, 302, 304])("status %i is not tried again", async (status) => {
  const { sent, lost, notifier, pass } = scene([status]);
  notifier.tell(notice("a"));
  await pass(60_000);
  expect(sent).toHaveLength(1);
  expect(lost).toEqual([`a notification was lost: the receiver answered with status ${status}`]);
});

test("Retry-After is respected, and one of over a minute ends the attempts", async () => {
  const { sent, lost, notifier, pass } = scene([
    { status: 429, retryAfter: "30" },
    200,
    { status: 429, retryAfter: "61" },
  ]);
  notifier.tell(notice("a"));
  notifier.tell(notice("b"));
  await pass(29_500);
  expect(sent).toHaveLength(1);
  await pass(1000);
  expect(sent.map(({ body }) => body.id)).toEqual(["a", "a", "b"]);
  expect(sent[1]?.atMs).toBeGreaterThanOrEqual(30_000);
  expect(lost).toEqual(["a notification was lost: the receiver answered with status 429"]);
});

test("at most 100 messages wait: the oldest are lost, and that is reported", async () => {
  const { sent, lost, notifier, pass } = scene(["never"]);
  notifier.tell(notice("first"));
  await pass(0);
  const count = MAX_WAITING + 20;
  for (let index = 0; index < count; index += 1) notifier.tell(notice(`n${index}`));
  await pass(60_000);
  expect(sent.map(({ body }) => body.id)).toEqual([
    "first",
    "first",
    ...Array.from({ length: MAX_WAITING }, (_, index) => `n${index + 20}`),
  ]);
  expect(sent[2]?.body.lostCount).toBe(20);
  expect(lost).toHaveLength(20);
  expect(lost[0]).toBe("a notification was lost: more than 100 notifications were waiting");
});

test("the end sends what is waiting, without retries", async () => {
  const { sent, lost, notifier } = scene([503]);
  for (const id of ["a", "b", "c"]) notifier.tell(notice(id));
  await notifier.close();
  expect(sent.map(({ body }) => body.id)).toEqual(["a", "b", "c"]);
  expect(lost).toEqual(["a notification was lost: the receiver answered with status 503"]);
});

test("the end waits two seconds for a silent receiver, and reports all that is lost", async () => {
  const { sent, lost, notifier, pass } = scene(["never"]);
  for (const id of ["a", "b", "c"]) notifier.tell(notice(id));
  let closed = false;
  const closing = notifier.close().then(() => {
    closed = true;
  });
  await pass(1500);
  expect(closed).toBe(false);
  await pass(1000);
  await closing;
  expect(sent).toHaveLength(1);
  expect(lost).toEqual(
    Array.from({ length: 3 }, () => "a notification was lost: the server is stopping"),
  );
  await notifier.close();
});

test("no report contains the address", async () => {
  const error = Object.assign(new Error(URL_WITH_SECRET), { code: "EPROTO" });
  const { lost, notifier, pass } = scene([error, 404, error, error]);
  for (const id of ["a", "b"]) notifier.tell(notice(id));
  await pass(60_000);
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.join("\n")).not.toMatch(/hunter2|hooks\.example/);
});
