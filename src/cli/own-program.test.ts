import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ownProgram, packageVersion } from "./own-program.js";

test("from a package, the program is the current Node.js with main.js", () => {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  expect(ownProgram()).toEqual({ command: process.execPath, args: [main] });
});

test("the version is that of package.json", () => {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  expect(packageVersion()).toBe(JSON.parse(manifest).version);
});
