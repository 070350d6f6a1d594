/** Tests the commands about `serve` in docs/operation.md, and what the page promises about two servers. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { webhookHeaders } from "../../src/cli/serve/notify/signature.js";
import { builtCli } from "../cli/built-cli.js";
import { describeWhere } from "../only-where.js";
import { operationSnippets, recipeWith } from "../package/recipes.js";
import { KEY, limit } from "./commands.js";
import { ask, clientOf, TOKEN } from "./http-scene.js";
import { hasSqlite, startServe, urlOf } from "./serve-process.js";

const cli = builtCli();

/** Returns the lines of the shell snippet that contains a text. There must be only one. */
function shellWith(part: string): readonly string[] {
  const found = operationSnippets().filter(
    ({ language, text }) => language === "sh" && text.includes(part),
  );
  expect(found).toHaveLength(1);
  return found[0]?.text.trim().split("\n") ?? [];
}

describeWhere(hasSqlite)("with node:sqlite", () => {
  test("the commands for CI start a server for jobs and for Prometheus", async () => {
    const [umask, ...lines] = shellWith("--token-file");
    expect(umask).toBe("umask 077");
    const tokens = lines.slice(0, -1).map((line, index) => {
      const [, file = ""] = /^openssl rand -hex 32 > (\S+)$/.exec(line) ?? expect.fail(line);
      const token = `${index}`.repeat(64);
      writeFileSync(join(cli.folder, file), `${token}\n`);
      return token;
    });
    const words = (lines.at(-1) ?? "").split(" ");
    expect(words.slice(0, 2)).toEqual(["dagger-breaker", "serve"]);
    const args = words.slice(2).map((word) => {
      if (word === "127.0.0.1:7420") return "127.0.0.1:0";
      return /\.(?:txt|db)$/.test(word) ? join(cli.folder, word) : word;
    });
    const url = await urlOf(startServe(cli, args, { DAGGER_BREAKER_STORE_TOKEN: "" }));
    const [token = "", readToken = ""] = tokens;
    await clientOf(url, { token }).run(KEY, limit());
    const headers = { authorization: `Bearer ${readToken}` };
    expect((await ask(url, "/metrics", { headers })).body).toMatch(
      /^dagger_breaker_shared_circuit_status\{.*"registry:docker\.io".*"open"\} 1$/m,
    );
    expect((await ask(url, "/health/circuits", { headers })).status).toBe(200);
  });

  test("two servers of one file know the same circuits and report the same metrics", async () => {
    const readTokenFile = join(cli.folder, "readers");
    writeFileSync(readTokenFile, `${TOKEN}-of-readers`);
    const database = join(cli.folder, "two.db");
    const files = ["--database", database, "--read-token-file", readTokenFile];
    const start = () => urlOf(startServe(cli, ["--listen", "127.0.0.1:0", ...files]));
    const [first, second] = [await start(), await start()];
    await clientOf(first).run(KEY, limit());
    expect((await clientOf(second).run(KEY, { kind: "read" })).snapshot.state).toBe("open");
    const headers = { authorization: `Bearer ${TOKEN}-of-readers` };
    const line = /^dagger_breaker_shared_circuit_calls_total\{.*"failure"\} \d+$/m;
    for (const url of [first, second]) {
      const metrics = async () => (await ask(url, "/metrics", { headers })).body;
      await expect.poll(metrics, { timeout: 60_000 }).toMatch(line);
      expect(line.exec(await metrics())?.[0]).toMatch(/ 1$/);
    }
  });
});

test("the function of the page accepts what serve signs, and nothing that is changed or old", async () => {
  const text = `${recipeWith("function isSigned")}\nexport { isSigned };\n`;
  const module = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const file = join(cli.folder, "is-signed.mjs");
  writeFileSync(file, ts.transpileModule(text, { compilerOptions: module }).outputText);
  const { isSigned } = await import(pathToFileURL(file).href);
  const key = Buffer.from("a-key-of-at-least-24-bytes");
  const secret = key.toString("base64");
  const body = '{"text":"Circuit é opened"}';
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = webhookHeaders({ id: "change_1", timestamp, body }, key);
  expect(isSigned(headers, body, secret)).toBe(true);
  expect(isSigned(headers, `${body} `, secret)).toBe(false);
  expect(isSigned({ ...headers, "webhook-id": "change_2" }, body, secret)).toBe(false);
  expect(isSigned(headers, body, Buffer.alloc(26).toString("base64"))).toBe(false);
  const old = webhookHeaders({ id: "change_1", timestamp: timestamp - 600, body }, key);
  expect(isSigned(old, body, secret)).toBe(false);
});
