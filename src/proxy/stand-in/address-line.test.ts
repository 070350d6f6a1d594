import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { readdressing } from "./address-line.js";

/** What is printed instead of some lines, and what happened meanwhile. */
async function printed(...lines: readonly string[]) {
  const told: unknown[] = [];
  let unknown = 0;
  const stream = readdressing(
    async (address) => {
      told.push(address);
      return { port: 9, token: "ours" };
    },
    () => {
      unknown += 1;
    },
  );
  for (const line of lines) stream.write(line);
  stream.end();
  return { out: await text(stream), told, unknown };
}

test("a port that is a text is guarded as well, and stays a text", async () => {
  expect(await printed('hello\n{"port":"4242","session_token":"real","a":1}\n', "more")).toEqual({
    out: 'hello\n{"port":"9","session_token":"ours","a":1}\nmore',
    told: [{ port: 4242, token: "real" }],
    unknown: 0,
  });
});

test.each([
  '{"port":"many","session_token":"real"}',
  '{"port":4242.5,"session_token":"real"}',
  '{"port":0,"session_token":"real"}',
  '{"port":"70000","session_token":"real"}',
  '{"port":{"tcp":4242},"session_token":"real"}',
  '{"port":4242,"session_token":["real"]}',
  '{"port":4242,"session_token":""}',
])("a session that cannot be guarded is told to nobody: %s", async (line) => {
  expect(await printed(`${line}\n`)).toEqual({ out: "", told: [], unknown: 1 });
});

test.each(['{"port":4242}', '{"session_token":"real"}', '["port","session_token"]', "null", "{"])(
  "what is no session's line passes as it is: %s",
  async (line) => {
    expect(await printed(`${line}\n`)).toEqual({ out: `${line}\n`, told: [], unknown: 0 });
  },
);
