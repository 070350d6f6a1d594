import { expect, test } from "vitest";
import { withoutUrlSecrets } from "./url-secrets.js";

test.each([
  [
    "fetching https://user:hunter2@files.example.com/a.txt?sig=topsecret",
    "fetching https://files.example.com/a.txt",
  ],
  ["fetching https://files.example.com/a.txt#token=1", "fetching https://files.example.com/a.txt"],
  ["fetching https://a:b@c@files.example.com:8443/a", "fetching https://files.example.com:8443/a"],
  ["fetching https://user:hun?ter2@files.example.com/a", "fetching https://"],
  ["fetching https://token@[2001:db8::1]:80", "fetching https://[2001:db8::1]:80"],
  [
    "git ls-remote --symref https://x-access-token:ghp_1@github.com/acme/lib.git",
    "git ls-remote --symref https://github.com/acme/lib.git",
  ],
  ["git fetch -u file:///lab/state/fs abc:refs/d", "git fetch -u file:///lab/state/fs abc:refs/d"],
  [
    "two https://a:b@one.example/?x and ssh://git:pw@two.example/y",
    "two https://one.example/ and ssh://two.example/y",
  ],
  ["resolving docker.io/acme/app:1@sha256:00", "resolving docker.io/acme/app:1@sha256:00"],
])("%s", (name, shown) => {
  expect(withoutUrlSecrets(name)).toBe(shown);
});
