import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { readdressing } from "./address-line.js";

/** Returns the output for some lines, the reported addresses, and the number of unknown lines. */
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

test("guards a session whose port is a text, and keeps it a text", async () => {
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
])("does not announce a session that cannot be guarded: %s", async (line) => {
  expect(await printed(`${line}\n`)).toEqual({ out: "", told: [], unknown: 1 });
});

test.each(['{"port":4242}', '{"session_token":"real"}', '["port","session_token"]', "null", "{"])(
  "forwards a line without a session unchanged: %s",
  async (line) => {
    expect(await printed(`${line}\n`)).toEqual({ out: `${line}\n`, told: [], unknown: 0 });
  },
);
