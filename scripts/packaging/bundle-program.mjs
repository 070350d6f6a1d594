/** Bundles the program with the packages that it uses, for the package and for the single file. */

import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, formatMessages } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The oldest Node.js that the package runs on. */
const OLDEST_NODE = "node20.19";
/** The clients of Redis that a user may have installed beside the package. */
const REDIS_CLIENTS = ["@redis/client", "ioredis"];
/** The one source that may ask where it is. */
const OWN_PROGRAM = "src/cli/own-program.ts";
/** The licenses of packages that come without one, copied from the repository of each package. */
const OTHER_LICENSES = { "@redis/client": join(ROOT, "scripts/licenses/node-redis.txt") };

/** Modules of Node.js that take long to load, and that most command lines do not need: each is loaded when it is first used. */
const LATE_MODULES =
  /^node:(?:crypto|dns|fs\/promises|http|http2|https|readline|timers\/promises|tls|zlib)$/;
const LATE_PREFIX = "late:";
const lateModules = {
  name: "late-modules",
  setup({ onResolve }) {
    onResolve({ filter: LATE_MODULES }, ({ path, kind }) =>
      kind === "import-statement" ? { path: `${LATE_PREFIX}${path}`, external: true } : undefined,
    );
  },
};
const LOAD_LATE = `require = ((load) => (name) => {
  if (!name.startsWith("${LATE_PREFIX}")) return load(name);
  return new Proxy({}, { get: (_, key) => load(name.slice(${LATE_PREFIX.length}))[key] });
})(require);`;

/** The options of every bundle. */
const COMMON = {
  bundle: true,
  platform: "node",
  // As a script: a module would load all that it may ever need of Node.js before it begins.
  format: "cjs",
  mainFields: ["module", "main"],
  // Errors are known by the names of their classes.
  keepNames: true,
  legalComments: "none",
  absWorkingDir: ROOT,
  logLevel: "silent",
};
/** The same for the program itself. */
const PROGRAM = { ...COMMON, entryPoints: ["src/cli/program.ts"], plugins: [lateModules] };

/**
 * Writes the program of the package into a folder: `main.js`, which is the `bin`, `program.cjs`, and `licenses.txt` of
 * the packages in it.
 */
export async function bundleForPackage(folder) {
  const [{ metafile }] = await Promise.all([
    build({
      ...PROGRAM,
      outfile: join(folder, "program.cjs"),
      target: OLDEST_NODE,
      external: REDIS_CLIENTS,
      banner: {
        js: `var ownUrl = require("node:url").pathToFileURL(__filename).href;\n${LOAD_LATE}`,
      },
      define: { "import.meta.url": "ownUrl" },
      metafile: true,
    }),
    build({
      ...COMMON,
      entryPoints: ["src/cli/main.ts"],
      outfile: join(folder, "main.js"),
      target: OLDEST_NODE,
      format: "esm",
    }),
  ]);
  await chmod(join(folder, "main.js"), 0o755);
  const licenses = await Promise.all(packagesOf(metafile).map(licenseOf));
  await writeFile(join(folder, "licenses.txt"), await licenseTexts(licenses));
}

/**
 * Writes the program as one script that needs no package beside it, for a Node.js of that version.
 *
 * @returns The folders of the packages that are in the script.
 */
export async function bundleForSingleFile(outfile, nodeVersion) {
  const { metafile, warnings } = await build({
    ...PROGRAM,
    outfile,
    target: `node${nodeVersion}`,
    banner: { js: LOAD_LATE },
    // Never asked for: node-redis is in the file, and nothing makes it measure itself.
    external: ["ioredis"],
    metafile: true,
  });
  // Code that looks for files beside it finds no file there in a single-file program.
  const unforeseen = warnings.filter(
    ({ id, location }) => id !== "empty-import-meta" || location.file !== OWN_PROGRAM,
  );
  if (unforeseen.length > 0) {
    throw new Error((await formatMessages(unforeseen, { kind: "warning" })).join("\n"));
  }
  return packagesOf(metafile);
}

function packagesOf({ inputs }) {
  const folders = Object.keys(inputs).flatMap(
    (path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? [],
  );
  return [...new Set(folders)].sort().map((folder) => join(ROOT, folder));
}

/** Returns the package of a folder by name and version, and its license file. */
export async function licenseOf(folder) {
  const { name, version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return { title: `${name} ${version}`, path: OTHER_LICENSES[name] ?? join(folder, "LICENSE") };
}

/** Returns the texts of licenses, each under the titles of its packages. Many packages share one text. */
export async function licenseTexts(parts) {
  const titlesByText = new Map();
  for (const { title, path } of parts) {
    const text = await readFile(path, "utf8").catch(() => {
      throw new Error(`The license of ${title} is missing: there is no ${path}`);
    });
    titlesByText.set(text.trim(), (titlesByText.get(text.trim()) ?? new Set()).add(title));
  }
  return [...titlesByText]
    .map(([text, titles]) => {
      const head = [...titles].join(", ");
      return `${head}\n${"=".repeat(head.length)}\n\n${text}\n`;
    })
    .join("\n\n");
}
