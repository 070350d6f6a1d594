/** Tests operations of pipelines beyond the recorded ones, through the official SDK. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Client, connect, ExistsType, ReturnType } from "@dagger.io/dagger";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { data } from "./client.js";

let session: SessionDouble;
let host: string;

beforeAll(async () => {
  host = mkdtempSync(join(tmpdir(), "double-neighbours-"));
  session = await startSessionDouble({ workdir: host });
});

afterAll(async () => {
  await session.stop();
  rmSync(host, { recursive: true, force: true });
});

afterEach(() => vi.unstubAllEnvs());

/** Calls a function with a client of the double. Returns its result, or the message of its error. */
async function ask<T>(callback: (client: Client) => Promise<T>): Promise<T | string> {
  for (const [name, value] of Object.entries(session.environment)) vi.stubEnv(name, value);
  let outcome: T | string = "nothing";
  await connect(async (client) => {
    outcome = await callback(client).catch((error: Error) => error.message);
  });
  return outcome;
}

const from = (client: Client) => client.container().from("busybox");
const sh = (script: string) => ["sh", "-c", script];
const tree = (client: Client) =>
  client
    .directory()
    .withNewFile("main.go", "")
    .withNewFile("foo/bar.md/w.md", "")
    .withNewFile("foo/baz.go/y.md", "")
    .withNewFile("foo/baz.go/z.go", "");

const cases: readonly [string, (client: Client) => Promise<unknown>, unknown][] = [
  ["stdin", (client) => from(client).withExec(["cat"], { stdin: "in" }).stdout(), "in"],
  [
    "redirected outputs, which are answered all the same",
    async (client) => {
      const ran = from(client).withWorkdir("/w").withExec(sh("echo out; echo err >&2"), {
        redirectStdout: "out.txt",
        redirectStderr: "/logs/err.txt",
      });
      const later = ran.withExec(["cat", "/w/out.txt", "/logs/err.txt"]).stdout();
      return [await ran.file("out.txt").contents(), await ran.stdout(), await later];
    },
    ["out\n", "out\n", "out\nerr\n"],
  ],
  [
    "redirected bytes that are no text",
    (client) =>
      from(client)
        .withExec(["printf", "\\377\\376"], { redirectStdout: "/bytes" })
        .file("/bytes")
        .size(),
    2,
  ],
  [
    "redirected input",
    (client) =>
      from(client).withNewFile("/in", "a").withExec(["cat"], { redirectStdin: "/in" }).stdout(),
    "a",
  ],
  [
    "an expected failure",
    (client) => from(client).withExec(sh("exit 4"), { expect: ReturnType.Failure }).exitCode(),
    4,
  ],
  [
    "an entrypoint, used where asked for",
    async (client) => {
      const entered = from(client).withEntrypoint(["echo", "entry"]);
      return Promise.all([
        entered.withExec(["a"], { useEntrypoint: true }).stdout(),
        entered.withExec(["echo", "a"]).stdout(),
        entered.entrypoint(),
        entered.withoutEntrypoint().entrypoint(),
      ]);
    },
    ["entry a\n", "a\n", ["echo", "entry"], []],
  ],
  [
    "default arguments, which go with the entrypoint unless kept",
    async (client) => {
      const base = from(client).withDefaultArgs(["b"]);
      return Promise.all([
        base.withEntrypoint(["a"]).defaultArgs(),
        base.withEntrypoint(["a"], { keepDefaultArgs: true }).defaultArgs(),
        base.withoutDefaultArgs().defaultArgs(),
      ]);
    },
    [[], ["b"], []],
  ],
  [
    "expanded variables in arguments and paths",
    (client) =>
      from(client)
        .withEnvVariable("DIR", "/d")
        .withNewFile("$DIR/a", "1", { expand: true })
        .withExec(["cat", "$DIR/a"], { expand: true })
        .stdout(),
    "1",
  ],
  [
    "fields for isolation only",
    (client) =>
      from(client)
        .withUser("nobody")
        .withAnnotation("a", "b")
        .withExposedPort(80)
        .withRegistryAuth("docker.io", "me", client.setSecret("password", "p"))
        .withNewFile("/a", "1", { owner: "nobody" })
        .withExec(["cat", "/a"], { insecureRootCapabilities: true, noInit: true })
        .stdout(),
    "1",
  ],
  [
    "user and labels",
    async (client) => {
      const named = from(client).withUser("me").withLabel("a", "1").withLabel("b", "2");
      const labels = await named.withoutLabel("a").labels();
      return [await named.user(), await named.label("a"), await labels[0]?.value(), labels.length];
    },
    ["me", "1", "2", 1],
  ],
  [
    "files and folders put in and taken out of a container",
    (client) =>
      from(client)
        .withFiles("/w", [tree(client).file("main.go"), client.file("b", "2").withName("c")])
        .withNewFile("/w/d/e", "")
        .withNewFile("/w/f", "")
        .withNewFile("/w/g", "")
        .withoutFile("/w/f")
        .withoutFiles(["/w/g"])
        .withoutDirectory("/w/d")
        .withExec(["ls", "/w"])
        .stdout(),
    "c\nmain.go\n",
  ],
  [
    "mounted directories and files",
    (client) =>
      from(client)
        .withNewFile("/m/hidden", "")
        .withMountedDirectory("/m", client.directory().withNewFile("a", "1"), { readOnly: true })
        .withMountedFile("/f", client.file("f", "2"))
        .withExec(sh("ls /m; cat /m/a /f"))
        .stdout(),
    "a\n12",
  ],
  [
    "mounted temporary folders, which leave nothing",
    async (client) => {
      const ran = from(client)
        .withNewFile("/t/below", "")
        .withMountedTemp("/t")
        .withExec(sh("ls /t; echo x > /t/y"));
      return [
        await ran.stdout(),
        await ran.withExec(["ls", "/t"]).stdout(),
        await ran.exists("/t/below"),
      ];
    },
    ["", "", true],
  ],
  [
    "mounted secrets, which are masked and leave nothing",
    async (client) => {
      const ran = from(client)
        .withMountedSecret("/s", client.setSecret("s", "hunter2"))
        .withExec(sh("cat /s; wc -c < /s; stat -c %a /s"));
      return [await ran.stdout(), await ran.exists("/s")];
    },
    ["***7\n400\n", false],
  ],
  [
    "included and excluded files",
    (client) =>
      from(client)
        .withDirectory("/d", tree(client), { include: ["foo"], exclude: ["**/*.go"] })
        .withExec(sh("cd /d; find . -type f"))
        .stdout(),
    "./foo/bar.md/w.md\n",
  ],
  [
    "globs, as engines show them",
    (client) => tree(client).glob("**/*.md"),
    ["foo/bar.md/", "foo/bar.md/w.md", "foo/baz.go/y.md"],
  ],
  ["a glob of one level", (client) => tree(client).glob("*"), ["foo/", "main.go"]],
  [
    "a glob below a folder",
    (client) => tree(client).directory("foo").glob("*/z*"),
    ["baz.go/z.go"],
  ],
  [
    "filters",
    (client) =>
      tree(client)
        .filter({ exclude: ["foo"] })
        .entries(),
    ["main.go"],
  ],
  [
    "names",
    async (client) => [
      await tree(client).name(),
      await tree(client).directory("foo/bar.md").name(),
      await tree(client).file("foo/baz.go/z.go").name(),
    ],
    ["/", "bar.md/", "z.go"],
  ],
  [
    "what exists",
    async (client) => [
      await tree(client).exists("foo"),
      await tree(client).exists("nope"),
      await tree(client).exists("foo", { expectedType: ExistsType.RegularType }),
      await from(client).withNewFile("/a", "").exists("/a"),
    ],
    [true, false, false, true],
  ],
  [
    "digests: equal for equal contents",
    async (client) => {
      const [a, b, c] = ["1", "1", "2"].map((text) => client.directory().withNewFile("x", text));
      const digests = await Promise.all([a, b, c].map((directory) => directory?.digest()));
      const files = await Promise.all([a, b, c].map((directory) => directory?.file("x").digest()));
      return [digests, files].map(([one, two, other]) => [one === two, one === other]);
    },
    [
      [true, false],
      [true, false],
    ],
  ],
  [
    "some lines of a file",
    (client) => client.file("f", "1\n2\n3\n").contents({ offsetLines: 1, limitLines: 1 }),
    "2\n",
  ],
  ["the size of a file", (client) => client.file("f", "äb").size(), 3],
  [
    "the sync of each type",
    async (client) => [
      await (await from(client).withExec(["echo", "1"]).sync()).stdout(),
      await (await tree(client).sync()).entries(),
      await (await client.file("f", "2").sync()).contents(),
    ],
    ["1\n", ["foo/", "main.go"], "2"],
  ],
  [
    "many at once",
    async (client) => {
      const words = Array.from({ length: 40 }, (_, index) => `word ${index}`);
      const said = await Promise.all(
        words.map((word) => from(client).withExec(["echo", word]).stdout()),
      );
      return said.every((text, index) => text === `word ${index}\n`);
    },
    true,
  ],
];

test.each(cases)("%s", async (_, operation, wanted) => {
  expect(await ask(operation)).toEqual(wanted);
});

test("commands and sessions share a cache, which is not part of the files", async () => {
  const add = (word: string) => (client: Client) =>
    from(client)
      .withMountedCache("/cache", client.cacheVolume("npm"), { owner: "me" })
      .withExec(sh(`echo ${word} >> /cache/words; cat /cache/words`))
      .stdout();
  expect(await ask(add("one"))).toBe("one\n");
  expect(await ask(add("two"))).toBe("one\ntwo\n");
  await using other = await session.openSession();
  const { cacheVolume } = (await data(other, '{ cacheVolume(key: "npm") { id } }')) as {
    cacheVolume: { id: string };
  };
  const query = `{ container { from(address: "a") { withMountedCache(path: "/other", cache: "${cacheVolume.id}") {
    withExec(args: ["cat","/other/words"]) { stdout exists(path: "/other") } } } } }`;
  expect(JSON.stringify(await data(other, query))).toContain(
    String.raw`"stdout":"one\ntwo\n","exists":false`,
  );
});

test("removes a mounted secret from the files, however its command ends", async () => {
  const scratch = dirname(session.publishFolder);
  const failing = ask((client) =>
    from(client)
      .withMountedSecret("/s/one", client.setSecret("s", "hunter2"))
      .withMountedSecret("/s/two", client.secret("env://NOT_THERE"))
      .withExec(["true"])
      .sync()
      .then(() => "no error"),
  );
  expect(await failing).toContain("secret env var not found");
  expect(
    await ask((client) =>
      from(client)
        .withMountedSecret("/s", client.setSecret("s", "hunter2"))
        .withExec(["false"])
        .sync()
        .then(() => "no error"),
    ),
  ).toContain("exit code: 1");
  const found = readdirSync(scratch, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .filter((text) => text.includes("hunter2"));
  expect(found).toEqual([]);
});

test("names what it does not support, and words mistakes like an engine", async () => {
  expect(await ask((client) => from(client).asService().start())).toBe(
    'the session double does not support "Container.asService"',
  );
  mkdirSync(join(host, "sub"));
  writeFileSync(join(host, "sub/a"), "");
  expect(await ask((client) => client.host().directory("sub", { gitignore: true }).entries())).toBe(
    'the session double does not support the argument "gitignore" of "Host.directory"',
  );
  expect(await ask((client) => client.secret("vault://a").plaintext())).toBe(
    "the session double does not support secrets of vault://",
  );
  await expect(data(session, "{ container { asServise { id } } }")).rejects.toThrow(
    'Cannot query field "asServise" on type "Container".',
  );
  expect(existsSync(join(host, "sub/a"))).toBe(true);
});
