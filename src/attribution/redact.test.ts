import { expect, test } from "vitest";
import { redact } from "./redact.js";

const SECRET = "hunter2hunter2hunter2";

test.each([
  `https://bot:${SECRET}@github.com/acme/lib.git`,
  `https://${SECRET}@github.com/acme/lib.git`,
  `https://a:b@${SECRET}@github.com/x`,
  `GET https://files.example.com/a?sig=${SECRET}&x=1: 503`,
  `https://files.example.com/a#${SECRET}`,
  `Authorization: Bearer ${SECRET}`,
  `"authorization": "Basic ${SECRET}"`,
  `proxy-authorization=token ${SECRET}`,
  `bearer ${SECRET}`,
  `token=${SECRET}`,
  `DAGGER_CLOUD_TOKEN=${SECRET}`,
  `password: ${SECRET}`,
  `--registry-password=${SECRET}`,
  `"api_key":"${SECRET}"`,
  `aws_secret_access_key = ${SECRET}`,
  `ghp_${SECRET}`,
  `github_pat_${SECRET}`,
  `glpat-${SECRET}`,
  `dckr_pat_${SECRET}`,
  `eyJhbGciOiJIUzI1NiJ9.${SECRET}.${SECRET}`,
  `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----`,
  `npm_${SECRET}`,
])("removes the secret from %j", (text) => {
  expect(redact(`before ${text} after`)).not.toContain(SECRET);
  expect(redact(`before ${text} after`)).toMatch(/^before /);
});

test("keeps text that is not a secret", () => {
  const text =
    'failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": dial tcp 203.0.113.4:443: i/o timeout';
  expect(redact(text)).toBe(text);
  expect(redact("the token server answered 503")).toBe("the token server answered 503");
});

test("keeps both ends of a megabyte, quickly", () => {
  const before = process.cpuUsage();
  for (const unit of [
    "https://a@",
    "token=",
    "authorization: ",
    "eyJ",
    "-----BEGIN ",
    "a-b-c-",
    "x://",
    "?",
    "@",
  ]) {
    expect(redact(unit.repeat(Math.ceil(1_000_000 / unit.length))).length).toBeLessThanOrEqual(
      300_000,
    );
  }
  const { user } = process.cpuUsage(before);
  expect(user / 1000).toBeLessThan(10_000);
});
