/**
 * Tests that esbuild bundles every entry without a client of Redis, and includes a client that is
 * installed.
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type BuildResult, build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProject, entriesOf, installed, type Project, readManifest } from "./project.js";

const manifest = await readManifest();
const entries = entriesOf(manifest);
/** This entry guards the Dagger SDK, so its bundle contains the SDK. */
const NEEDS_THE_SDK = `${manifest.name}/dagger`;
/** This entry imports the API of OpenTelemetry. */
const NEEDS_THE_API = `${manifest.name}/opentelemetry`;
const API = ["@opentelemetry/api", "@opentelemetry/api-logs"];
const CLIENTS = ["@redis/client", "ioredis"];

const OPENING = `
  import { openStore } from "${manifest.name}/fleet";
  const tell = ({ name, message }) => console.log(name + ": " + message);
  openStore("redis://127.0.0.1:1").then(() => console.log("opened"), tell);
`;

/** Bundles each program of a project into a file of its own. Returns errors and warnings. */
async function bundle(
  { folder }: Project,
  programs: readonly string[],
  format: "esm" | "cjs",
  external: readonly string[] = [],
): Promise<BuildResult> {
  return build({
    entryPoints: programs.map((program) => join(folder, program)),
    outdir: join(folder, format),
    outExtension: { ".js": format === "esm" ? ".mjs" : ".cjs" },
    absWorkingDir: folder,
    bundle: true,
    metafile: true,
    platform: "node",
    format,
    external: [...external],
    logLevel: "silent",
  });
}

describe("without a client of Redis, the Dagger SDK and OpenTelemetry", () => {
  let project: Project;
  beforeAll(async () => {
    project = await createProject({});
    for (const [index, entry] of entries.entries()) {
      const text = `import * as entry from "${entry}";\nconsole.assert(Object.keys(entry).length > 0);\n`;
      await project.write(`entry-${index}.js`, text);
    }
    await project.write("opening.js", OPENING);
  });
  afterAll(() => project.remove());

  test.each(["esm", "cjs"] as const)(
    "each entry becomes a bundle as %s, which runs",
    async (format) => {
      const programs = entries.flatMap((entry, index) =>
        [NEEDS_THE_SDK, NEEDS_THE_API].includes(entry) ? [] : [`entry-${index}.js`],
      );
      await bundle(project, programs, format);
      const files = programs.map((program) => `${format}/${program.replace(".js", "")}`);
      const outputs = files.map((file) => `${file}.${format === "esm" ? "mjs" : "cjs"}`);
      const results = await project.runAll(outputs.map((output) => [output]));
      expect(Object.fromEntries(results)).toEqual(
        Object.fromEntries(outputs.map((output) => [output, { code: 0, stderr: "" }])),
      );
    },
  );

  test.each([
    ["esm", "mjs"],
    ["cjs", "cjs"],
  ] as const)("a bundle as %s names the package to install", async (format, ending) => {
    await bundle(project, ["opening.js"], format);
    const { stdout, stderr } = await project.run(`${format}/opening.${ending}`);
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^FleetStoreError: a store in Redis needs a client, but none is installed/,
    );
  });
});

describe("with the Dagger SDK", () => {
  let project: Project;
  beforeAll(async () => {
    project = await createProject({ "@dagger.io/dagger": installed("@dagger.io/dagger") });
  });
  afterAll(() => project.remove());

  test("/dagger becomes a bundle without a client of Redis", async () => {
    await project.write("guarded.js", `export { connect } from "${NEEDS_THE_SDK}";`);
    const { errors } = await bundle(project, ["guarded.js"], "esm", ["@dagger.io/dagger"]);
    expect(errors).toEqual([]);
  });
});

test("/opentelemetry becomes a bundle with OpenTelemetry's API and without its SDK", async () => {
  const project = await createProject(
    Object.fromEntries([...API, "@opentelemetry/sdk-metrics"].map((one) => [one, installed(one)])),
  );
  try {
    await project.write(
      "program.js",
      `import { createRegistry } from "${manifest.name}";
       import { instrument } from "${NEEDS_THE_API}";
       instrument(createRegistry()).stop();`,
    );
    const { metafile } = await bundle(project, ["program.js"], "cjs");
    const packages = Object.keys(metafile?.inputs ?? {}).flatMap(
      (path) => /.*node_modules\/(@[^/]+\/[^/]+)/.exec(path)?.[1] ?? [],
    );
    expect([...new Set(packages)].sort()).toEqual(API);
    expect(await project.run("cjs/program.cjs")).toEqual({ code: 0, stdout: "", stderr: "" });
  } finally {
    await project.remove();
  }
});

test.each(CLIENTS)("a bundle includes an installed %s", async (client) => {
  const project = await createProject({ [client]: installed(client) });
  try {
    await project.write("opening.js", OPENING);
    await bundle(project, ["opening.js"], "cjs");
    await rm(join(project.folder, "node_modules"), { recursive: true });
    const run = await project.run("cjs/opening.cjs");
    expect(run).toEqual({ code: 0, stdout: "opened\n", stderr: "" });
  } finally {
    await project.remove();
  }
});
