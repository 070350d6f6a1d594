/**
 * Bundles the program with the packages that it uses. There is one bundle for the package, and one for the
 * single file.
 */

import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, formatMessages } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The oldest version of Node.js that the package supports. */
const OLDEST_NODE = "node20.19";
/** Clients of Redis that users install themselves. */
const REDIS_CLIENTS = ["@redis/client", "ioredis"];
/** The only source file that may use its own location. */
const OWN_PROGRAM = "src/cli/own-program.ts";
/** Licenses of packages that do not contain their license. Each is a copy from the package's repository. */
const OTHER_LICENSES = { "@redis/client": join(ROOT, "scripts/licenses/node-redis.txt") };

/**
 * Modules of Node.js that load slowly and that most command lines do not need. Each is loaded at its first
 * use.
 */
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

/** The options that all bundles share. */
const COMMON = {
  bundle: true,
  platform: "node",
  // The bundle is a script. A module would load all modules of Node.js that it might need before it starts.
  format: "cjs",
  mainFields: ["module", "main"],
  // Errors are recognized by the names of their classes, so these names must stay.
  keepNames: true,
  legalComments: "none",
  absWorkingDir: ROOT,
  logLevel: "silent",
};
/** The options of the bundle that contains the program itself. */
const PROGRAM = { ...COMMON, entryPoints: ["src/cli/program.ts"], plugins: [lateModules] };

/**
 * Writes the program of the package into a folder. `main.js` is the `bin`, `program.cjs` is the bundle, and
 * `licenses.txt` has the licenses of the bundled packages.
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
 * Writes the program as one script for a given version of Node.js. The script needs no installed packages.
 *
 * @returns The folders of the packages that the script contains.
 */
export async function bundleForSingleFile(outfile, nodeVersion) {
  const { metafile, warnings } = await build({
    ...PROGRAM,
    outfile,
    target: `node${nodeVersion}`,
    banner: { js: LOAD_LATE },
    // ioredis is never loaded, because the file contains node-redis.
    external: ["ioredis"],
    metafile: true,
  });
  // Code that looks for files beside the program would fail in a single file. esbuild warns about such
  // code, so any unexpected warning is an error.
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

/** Returns the name and version of the package in a folder, and the path of its license. */
export async function licenseOf(folder) {
  const { name, version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return { title: `${name} ${version}`, path: OTHER_LICENSES[name] ?? join(folder, "LICENSE") };
}

/**
 * Returns the texts of licenses as one text, each below the names of its packages. Packages with equal
 * licenses share one text.
 */
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
