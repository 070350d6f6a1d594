import { expect, test, vi } from "vitest";
import { ConnectedWords } from "./connected-words.js";

test.each([
  "1   : connect DONE [0.0s]\n",
  "4   : ┆ starting session DONE [0.0s]\n",
  "3   : ┆ [0.0s] | 22:17:57 INF connected name=engine-1\n",
  "✔ connect 0.2s\n",
])("%j reports a session, split anywhere", (line) => {
  const bytes = Buffer.from(`before\n${line}after\n`);
  for (let at = 0; at < bytes.length; at += 1) {
    const onFound = vi.fn();
    const words = new ConnectedWords(onFound);
    words.add(bytes.subarray(0, at));
    words.add(bytes.subarray(at));
    words.add(bytes);
    expect(onFound).toHaveBeenCalledTimes(1);
  }
});

test.each([
  "1   : connect\n",
  "1   : connect ERROR [0.0s]\n",
  "2   : ┆ starting engine DONE [0.0s]\n",
])("%j does not", (line) => {
  const onFound = vi.fn();
  new ConnectedWords(onFound).add(Buffer.from(line));
  expect(onFound).not.toHaveBeenCalled();
});
