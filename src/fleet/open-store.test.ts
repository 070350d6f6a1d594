import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { openPatientStore, openStore } from "./open-store.js";

const EXPECTED =
  "expected redis://HOST:PORT, rediss://HOST:PORT, sqlite:PATH, http://HOST:PORT, https://HOST:PORT or memory:";

test("the URL decides which store is created", async () => {
  const token = "a-token-for-tests-0123456789";
  expect((await openStore("memory:")).kind).toBe("memory");
  expect((await openStore("http://localhost:1", { token })).kind).toBe("http");
  expect((await openStore("HTTPS://localhost:1", { token })).kind).toBe("http");
});

test.each([
  [undefined, 1_000],
  [100, 1_000],
  [8_000, 8_000],
  [3_600_000, 60_000],
])("a store over HTTP whose caller waits %s ms gives up after %i ms", async (callerMs, ownMs) => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => void silent.close());
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const store = await openPatientStore(url, callerMs, { token: "a-token-for-tests-0123456789" });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const problem = store.open().then(() => "", String);
  await vi.advanceTimersByTimeAsync(ownMs);
  expect(await problem).toContain(`gave no answer within ${ownMs} ms`);
  await store.close();
});

test.each([
  ["", `the URL of a store has an unknown scheme, ${EXPECTED}`],
  ["ann:secret@host", `the URL of a store has an unknown scheme, ${EXPECTED}`],
  ["memory:secret", `the URL of a store has an unknown scheme, ${EXPECTED}`],
  ["mysql://ann:secret@host", `the URL of a store begins with mysql://, ${EXPECTED}`],
  [5 as unknown as string, `the URL of a store is of type number, ${EXPECTED}`],
  [
    "http://localhost:1",
    'openStore option "token" is missing, expected 16 to 512 visible characters of ASCII without spaces',
  ],
  [
    "sqlite:",
    "the URL of a SQLite store names no path, expected sqlite:PATH, such as sqlite:/var/lib/fleet.db",
  ],
  [
    "sqlite://secret/file",
    "the URL of a SQLite store names no path, expected sqlite:PATH, such as sqlite:/var/lib/fleet.db",
  ],
])("rejects the URL %j and shows only its scheme", async (url, message) => {
  await expect(openStore(url)).rejects.toMatchObject({ message });
});

test("rejects a token that is not a text without showing it", async () => {
  const options = { token: ["secret"] as unknown as string };
  await expect(openStore("memory:", options)).rejects.toThrow(
    'openStore option "token" is of type object, expected a text',
  );
});
