import { expect, test } from "vitest";
import { authorizationFor, isAuthorized } from "./session-token.js";

const TOKEN = "0123456789abcdef";
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;

test("the token is the user name of basic auth, with any password or none", () => {
  expect(isAuthorized(authorizationFor(TOKEN), TOKEN)).toBe(true);
  expect(isAuthorized(basic(`${TOKEN}:password`), TOKEN)).toBe(true);
  expect(isAuthorized(basic(TOKEN), TOKEN)).toBe(true);
  expect(isAuthorized(authorizationFor(TOKEN).replace("Basic", "bAsIc"), TOKEN)).toBe(true);
});

test.each([
  undefined,
  "",
  "Basic",
  "Basic ",
  basic(":"),
  basic(`${TOKEN.slice(1)}:`),
  basic(`${TOKEN}0:`),
  basic(`${TOKEN.replace("0", "1")}:`),
  basic(`:${TOKEN}`),
  authorizationFor(TOKEN).replace("Basic", "Bearer"),
  TOKEN,
])("rejects %j", (authorization) => {
  expect(isAuthorized(authorization, TOKEN)).toBe(false);
});
