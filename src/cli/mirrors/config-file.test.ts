import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testWhere } from "../../../tests/only-where.js";
import { replaceFile } from "../replace-file.js";
import { chooseConfigFile, readConfigFile, standardConfigPath } from "./config-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["linux", {}, "/home/me/.config/dagger/engine.json"],
  ["darwin", {}, "/home/me/Library/Application Support/dagger/engine.json"],
  ["linux", { XDG_CONFIG_HOME: "/conf" }, "/conf/dagger/engine.json"],
  ["darwin", { XDG_CONFIG_HOME: "/conf" }, "/conf/dagger/engine.json"],
  ["linux", { XDG_CONFIG_HOME: "relative" }, "/home/me/.config/dagger/engine.json"],
  ["win32", { LOCALAPPDATA: "/local" }, "/local/dagger/engine.json"],
])("on %s with %j the dagger command looks in %s", (system, env, path) => {
  expect(standardConfigPath({ HOME: "/home/me", ...env }, system)).toBe(path);
});

test("the format follows from the file's name unless it is given", () => {
  const choose = (options: object) => chooseConfigFile(options, { HOME: "/home/me" });
  expect(choose({})).toMatchObject({ format: "json", standard: true });
  expect(choose({ file: "/x/engine.toml" })).toMatchObject({ format: "toml", standard: false });
  expect(choose({ file: "/x/engine.conf" })).toMatchObject({ format: "json" });
  expect(choose({ file: "/x/engine.conf", format: "toml" })).toMatchObject({ format: "toml" });
  expect(() => choose({ format: "toml" })).toThrow(/--file is required for engine.toml/);
});

test("a missing file has no text, and a folder cannot be read", async () => {
  expect(await readConfigFile(join(folder, "none.json"))).toBeUndefined();
  await expect(readConfigFile(folder)).rejects.toThrow(/cannot read .+ \(EISDIR\)/);
  writeFileSync(join(folder, "long.json"), Buffer.alloc(1024 * 1024 + 1, " "));
  await expect(readConfigFile(join(folder, "long.json"))).rejects.toThrow(/longer than 1 MiB/);
  writeFileSync(join(folder, "full.json"), Buffer.alloc(1024 * 1024, " "));
  expect(await readConfigFile(join(folder, "full.json"))).toHaveLength(1024 * 1024);
});

testWhere(process.platform !== "win32")(
  "does not read an endless device, and never replaces one",
  async () => {
    await expect(readConfigFile("/dev/zero")).rejects.toThrow(/longer than 1 MiB/);
    await expect(replaceFile("/dev/null", "x")).rejects.toThrow(/is not a regular file/);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  },
);

test("creates a file with its folders, and leaves nothing beside it", async () => {
  const path = join(folder, "a/b/engine.json");
  await replaceFile(path, "one");
  expect(readFileSync(path, "utf8")).toBe("one");
  expect(readdirSync(join(folder, "a/b"))).toEqual(["engine.json"]);
});

test("an existing file keeps its permissions, and a link stays a link", async () => {
  const target = join(folder, "real.json");
  const link = join(folder, "engine.json");
  writeFileSync(target, "old");
  chmodSync(target, 0o640);
  symlinkSync(target, link);
  await replaceFile(link, "new");
  expect(readFileSync(target, "utf8")).toBe("new");
  expect(statSync(target).mode & 0o777).toBe(0o640);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test("reports a file that cannot be replaced, and leaves nothing behind", async () => {
  const path = join(folder, "engine.json");
  mkdirSync(path);
  await expect(replaceFile(path, "x")).rejects.toMatchObject({
    message: expect.stringMatching(/engine.json: it is not a regular file; name another path$/),
    exitCode: 73,
  });
  writeFileSync(join(folder, "file"), "");
  await expect(replaceFile(join(folder, "file/engine.json"), "x")).rejects.toMatchObject({
    message: expect.stringMatching(/^cannot write .+engine.json \([A-Z]+\)$/),
    exitCode: 73,
  });
  expect(readdirSync(folder)).toEqual(["engine.json", "file"]);
});
