import { expect, test } from "vitest";
import { openStore } from "./open-store.js";

const EXPECTED =
  "expected redis://HOST:PORT, rediss://HOST:PORT, sqlite:PATH, http://HOST:PORT, https://HOST:PORT or memory:";

test("the URL decides which store is created", async () => {
  const token = "a-token-for-tests-0123456789";
  expect((await openStore("memory:")).kind).toBe("memory");
  expect((await openStore("http://localhost:1", { token })).kind).toBe("http");
  expect((await openStore("HTTPS://localhost:1", { token })).kind).toBe("http");
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
