/**
 * Tests that files are real. A container's own paths are in a scratch folder, and all other paths belong to
 * the host.
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { ask, data } from "./client.js";
import { startUpstream } from "./upstream.js";

let session: SessionDouble;
let host: string;

beforeEach(async () => {
  host = mkdtempSync(join(tmpdir(), "double-host-"));
  session = await startSessionDouble({ workdir: host });
});

afterEach(async () => {
  await session.stop();
  rmSync(host, { recursive: true, force: true });
});

/** Runs a shell script in the container that `chain` creates. Returns the output. */
async function shell(chain: string, script: string): Promise<string> {
  const closing = "}".repeat(chain.split("{").length - 1);
  const query = `{ container { from(address: "busybox") { ${chain} withExec(args: ["sh","-c",${JSON.stringify(script)}]) { stdout } ${closing} } } }`;
  const { body } = await ask(session, query);
  return /"stdout":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body;
}

test("paths that the chain created are its own, in arguments, variables and outputs", async () => {
  const chain = `withNewFile(path: "/src/a.txt", contents: "1") { withEnvVariable(name: "FILE", value: "/src/a.txt") {`;
  const script =
    'cat /src/a.txt "$FILE"; echo; ls -d /src /etc; cd /src; pwd; test -d /usr/bin && echo host';
  expect(await shell(chain, script)).toBe(String.raw`11\n/etc\n/src\n/src\nhost\n`);
  expect(existsSync("/src/a.txt")).toBe(false);
});

test("a new file in a folder of the host leaves that folder the host's", async () => {
  const script = "cat /etc/double.conf; test -f /etc/passwd && echo passwd";
  expect(await shell('withNewFile(path: "/etc/double.conf", contents: "own ") {', script)).toBe(
    String.raw`own passwd\n`,
  );
  expect(existsSync("/etc/double.conf")).toBe(false);
});

test("a directory of a container is read from its own files or the host's", async () => {
  mkdirSync(join(host, "there"));
  writeFileSync(join(host, "there/b.txt"), "of the host");
  const query = `{ container { from(address: "a") { withNewFile(path: "/w/a.txt", contents: "own") {
    own: directory(path: "/w") { entries } theirs: directory(path: "${host}/there") { entries }
    file(path: "${host}/there/b.txt") { contents name size } } } } }`;
  expect(await data(session, query)).toEqual({
    container: {
      from: {
        withNewFile: {
          own: { entries: ["a.txt"] },
          theirs: { entries: ["b.txt"] },
          file: { contents: "of the host", name: "b.txt", size: 11 },
        },
      },
    },
  });
});

test("a step does not change the files of the step before", async () => {
  const query = `{ container { from(address: "a") { withNewFile(path: "/w/a", contents: "1") {
    withExec(args: ["sh","-c","echo 2 > /w/a"]) { file(path: "/w/a") { contents } } file(path: "/w/a") { contents } } } } }`;
  expect(await data(session, query)).toEqual({
    container: {
      from: { withNewFile: { withExec: { file: { contents: "2\n" } }, file: { contents: "1" } } },
    },
  });
});

test("supports stdin, expand, default arguments and removed variables", async () => {
  const query = `{ container { from(address: "a") { withEnvVariable(name: "A", value: "1") {
    withEnvVariable(name: "B", value: "\${A}2", expand: true) {
      withExec(args: ["cat"], stdin: "in") { stdout }
      b: envVariable(name: "B")
      withDefaultArgs(args: ["sh","-c","echo $B"]) { withExec(args: []) { combinedOutput } }
      withoutEnvVariable(name: "A") { envVariable(name: "A") } } } workdir } } }`;
  expect(await data(session, query)).toEqual({
    container: {
      from: {
        withEnvVariable: {
          withEnvVariable: {
            withExec: { stdout: "in" },
            b: "12",
            withDefaultArgs: { withExec: { combinedOutput: "12\n" } },
            withoutEnvVariable: { envVariable: null },
          },
        },
        workdir: "/",
      },
    },
  });
});

test("masks secrets in every output, and publishes none", async () => {
  const set = (await data(
    session,
    '{ setSecret(name: "t", plaintext: "hunter2") { id name plaintext } }',
  )) as {
    setSecret: { id: string; name: string; plaintext: string };
  };
  expect(set.setSecret).toMatchObject({ name: "t", plaintext: "hunter2" });
  const query = `{ container { from(address: "a") { withSecretVariable(name: "T", secret: "${set.setSecret.id}") {
    withExec(args: ["sh","-c","echo $T; echo $T >&2"]) { stdout stderr combinedOutput publish(address: "127.0.0.1:5000/a/b:1") } } } } }`;
  const { body } = await ask(session, query);
  expect(body).toContain(String.raw`"stdout":"***\n","stderr":"***\n"`);
  expect(body).not.toContain("hunter2");
  const config = join(session.publishFolder, "127.0.0.1_5000/a/b_1/config.json");
  expect(readFileSync(config, "utf8")).not.toContain("hunter2");
});

test("writes published images into a folder, with their files and configuration", async () => {
  const query = `{ container { from(address: "busybox:1") { withNewFile(path: "/app/run", contents: "x") { withWorkdir(path: "/app") {
    publish(address: "ghcr.io/acme/app:2") } } } } }`;
  expect(JSON.stringify(await data(session, query))).toMatch(
    /ghcr\.io\/acme\/app:2@sha256:[0-9a-f]{64}/,
  );
  const folder = join(session.publishFolder, "ghcr.io/acme/app_2");
  expect(readFileSync(join(folder, "rootfs/app/run"), "utf8")).toBe("x");
  expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toMatchObject({
    image: "docker.io/library/busybox:1",
    workdir: "/app",
  });
});

test("copies the host's directories with include and exclude", async () => {
  for (const path of ["src/a.ts", "src/a.test.ts", "node_modules/x/index.js", "README.md"]) {
    mkdirSync(join(host, path, ".."), { recursive: true });
    writeFileSync(join(host, path), path);
  }
  const listed = async (filter: string) => {
    const query = `{ container { from(address: "a") { withDirectory(path: "/d", source: "${await idOf(filter)}") { withExec(args: ["sh","-c","cd /d; find . -type f | sort"]) { stdout } } } } }`;
    return (/"stdout":"([^"]*)"/.exec((await ask(session, query)).body)?.[1] ?? "")
      .split(String.raw`\n`)
      .filter(Boolean);
  };
  const idOf = async (filter: string) => {
    const found = (await data(session, `{ host { directory(path: "." ${filter}) { id } } }`)) as {
      host: { directory: { id: string } };
    };
    return found.host.directory.id;
  };
  expect(await listed(', exclude: ["node_modules", "**/*.test.ts"]')).toEqual([
    "./README.md",
    "./src/a.ts",
  ]);
  expect(await listed(', include: ["src/*.ts"]')).toEqual(["./src/a.test.ts", "./src/a.ts"]);
});

test("exports write files, directories and containers to the host", async () => {
  const query = `{ directory { withNewFile(path: "a/b.txt", contents: "1") {
    export(path: "out") file(path: "a/b.txt") { export(path: "into/file.txt") } } }
    container { from(address: "a") { withNewFile(path: "/x", contents: "2") { export(path: "image") } } } }`;
  expect(await data(session, query)).toEqual({
    directory: {
      withNewFile: {
        export: join(host, "out"),
        file: { export: join(host, "into/file.txt") },
      },
    },
    container: { from: { withNewFile: { export: join(host, "image") } } },
  });
  expect(readFileSync(join(host, "out/a/b.txt"), "utf8")).toBe("1");
  expect(readFileSync(join(host, "into/file.txt"), "utf8")).toBe("1");
  expect(readFileSync(join(host, "image/rootfs/x"), "utf8")).toBe("2");
});

/** Returns the id of the host's folder. */
async function hostDirectory(): Promise<string> {
  const found = (await data(session, '{ host { directory(path: ".") { id } } }')) as {
    host: { directory: { id: string } };
  };
  return found.host.directory.id;
}

test("writes and removes nothing through a link that leads out of a step's files", async () => {
  const outside = mkdtempSync(join(tmpdir(), "double-outside-"));
  writeFileSync(join(outside, "kept"), "as it was");
  symlinkSync(outside, join(host, "folder"));
  symlinkSync(join(outside, "kept"), join(host, "file"));
  symlinkSync("../../../../../../../../etc", join(host, "up"));
  const id = await hostDirectory();
  const other = `{ directory { withNewFile(path: "folder/copied", contents: "x") { id } } }`;
  const source = ((await data(session, other)) as { directory: { withNewFile: { id: string } } })
    .directory.withNewFile.id;
  for (const change of [
    'withNewFile(path: "folder/new", contents: "x")',
    'withNewFile(path: "file", contents: "x")',
    'withNewFile(path: "up/double-new", contents: "x")',
    'withNewDirectory(path: "folder/new")',
    'withoutFile(path: "folder/kept")',
    `withDirectory(path: "folder", source: "${source}")`,
    `withDirectory(path: "/", source: "${source}")`,
  ]) {
    await data(session, `{ node(id: "${id}") { ... on Directory { ${change} { entries } } } }`);
    const inContainer = change.replace('path: "', 'path: "/d/');
    if (/without|withNewDirectory/.test(change)) continue;
    await data(
      session,
      `{ container { from(address: "a") { withDirectory(path: "/d", source: "${id}") { ${inContainer} { sync } } } } }`,
    );
  }
  expect(readdirSync(outside)).toEqual(["kept"]);
  expect(readFileSync(join(outside, "kept"), "utf8")).toBe("as it was");
  expect(existsSync("/etc/double-new")).toBe(false);
  rmSync(outside, { recursive: true });
});

test("a link to an absolute path of the container leads to the files of each step", async () => {
  const query = `{ container { from(address: "a") { withNewFile(path: "/w/a", contents: "1") {
    withExec(args: ["ln","-s","/w/a","/w/link"]) {
      withExec(args: ["sh","-c","echo 2 > /w/link"]) { file(path: "/w/a") { contents } }
      file(path: "/w/link") { contents } } } } } }`;
  expect(await data(session, query)).toMatchObject({
    container: {
      from: {
        withNewFile: {
          withExec: { withExec: { file: { contents: "2\n" } }, file: { contents: "1" } },
        },
      },
    },
  });
});

test("names and addresses with .. do not lead elsewhere", async () => {
  await using served = await startUpstream();
  const scratch = dirname(session.publishFolder);
  // Other processes use these folders too, so the test looks only for files with its own name.
  const evil = () =>
    foldersAbove(scratch).filter((folder) => existsSync(join(folder, "double-evil")));
  const query = `{ http(url: "${served.url}/ok/a", name: "../../../double-evil") { name }
    file(name: "../../double-evil", contents: "x") { contents }
    directory { withNewFile(path: "../../double-evil", contents: "x") { entries } } }`;
  expect(await data(session, query)).toEqual({
    http: { name: "double-evil" },
    file: { contents: "x" },
    directory: { withNewFile: { entries: ["double-evil"] } },
  });
  expect(existsSync(join(scratch, "double-evil"))).toBe(false);
  expect(evil()).toEqual([]);
  const publish = '{ container { from(address: "a") { publish(address: "../evil") } } }';
  await expect(data(session, publish)).rejects.toThrow("invalid reference format");
});

test("does not wipe a folder that no test can mean to lose", async () => {
  for (const path of ["/", "..", homedir(), dirname(homedir())]) {
    const query = `{ directory { export(path: "${path}", wipe: true) } }`;
    await expect(data(session, query)).rejects.toThrow("does not wipe");
  }
  expect(existsSync(host)).toBe(true);
});

test("wipe empties the target folder of an export", async () => {
  writeFileSync(join(host, "old"), "");
  const exported = '{ directory { withNewFile(path: "new", contents: "") { export(path: ".") } } }';
  await data(session, exported);
  expect(existsSync(join(host, "old"))).toBe(true);
  const folder = statSync(host).ino;
  await data(session, exported.replace('path: ".")', 'path: ".", wipe: true)'));
  expect(existsSync(join(host, "old"))).toBe(false);
  // The folder itself is kept, because it may be the working directory of a process.
  expect(statSync(host).ino).toBe(folder);
});

test("combines and splits directories", async () => {
  const query = `{ directory { withNewFile(path: "a", contents: "1") { withNewDirectory(path: "e") {
    withNewFile(path: "s/b", contents: "2") { entries directory(path: "s") { entries }
      withoutFile(path: "a") { withoutDirectory(path: "e") { entries } } sub: entries(path: "s") } } } } }`;
  expect(await data(session, query)).toEqual({
    directory: {
      withNewFile: {
        withNewDirectory: {
          withNewFile: {
            entries: ["a", "e/", "s/"],
            directory: { entries: ["b"] },
            withoutFile: { withoutDirectory: { entries: ["s/"] } },
            sub: ["b"],
          },
        },
      },
    },
  });
});

test("a file in the way of a folder fails the step, in the words of the system", async () => {
  const query = `{ directory { withNewFile(path: "a", contents: "") { withNewFile(path: "a/b", contents: "") { entries } } } }`;
  const { status, body } = await ask(session, query);
  expect(status).toBe(200);
  expect(body).toMatch(/"message":"mkdir .*: (not a directory|file exists) \[traceparent/);
});

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}
