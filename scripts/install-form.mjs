/**
 * Writes into every page how to install this package: from a tarball, or by its name once it is published.
 *
 *   node scripts/install-form.mjs
 *
 * Run it when PUBLISHED or the version changes. A test fails while a page has another form.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether the npm registry has this package. Until then, anybody can register the names that we use. */
const PUBLISHED = false;

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { name, version, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const TARBALL = `./${name}-${version}.tgz`;
/** The argument to give to `npm install`. */
const OPERAND = PUBLISHED ? `${name}@${version}` : TARBALL;

const PACK = [
  "# In the clone:",
  "npm ci --ignore-scripts",
  "mkdir -p ../your-project",
  "npm pack --pack-destination ../your-project",
];
/** The texts to put between `<!-- install: NAME -->` and `<!-- end -->`. */
const PARTS = PUBLISHED
  ? {
      project: shell(`npm install ${OPERAND}`),
      program: `It is in the npm registry as \`${name}\`, and its program is called \`${programName()}\`.`,
    }
  : {
      project:
        "Nothing is published yet, so make the package in a clone:\n\n" +
        shell(...PACK, "# In your project:", "cd ../your-project", `npm install ${OPERAND}`),
      program:
        "Nothing is published yet. Make the tarball in a clone by `npm ci --ignore-scripts && npm pack`, and put it where\n" +
        "it is needed: into your repository, a cache or a registry of yours.",
    };

/** Matches an argument of npm that means this package: a tarball at any path, or the name with any version. */
const ANY_OPERAND = new RegExp(
  `(?<=[\\s"'])(?:[\\w./:-]*/)?${name}(?:-[\\w.*-]+\\.tgz|@[\\w.^~-]+)?(?=[\\s"'\`]|$)`,
  "g",
);
const INSTALLING = /\bnpm (?:install|i|add)\b[^\n`]*/g;
/**
 * Matches commands such as npx that may download a program. They look up the name of our program, which is
 * not the name of our package.
 */
const DOWNLOADING = new RegExp(
  `\\b(?:npx|npm exec|npm x|pnpx|pnpm dlx|yarn dlx|bunx)\\b(?![^\\n]*--no(?:-install)?\\b[^\\n]*${programName()})` +
    `(?: (?:-[\\w-]+|--))* (?:${programName()}|${name})\\b`,
  "g",
);

/** Returns a text in which every installation has the right form. */
export function withInstallForm(text) {
  return text
    .replace(/(<!-- install: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, part, end) => {
      if (!(part in PARTS))
        throw new Error(`no part "${part}", expected ${Object.keys(PARTS).join(" or ")}`);
      return `${begin}${PARTS[part]}\n${end}`;
    })
    .replace(INSTALLING, (command) => command.replace(ANY_OPERAND, OPERAND));
}

/** Returns the commands in a text that would run any package registered under the name of our program. */
export function downloadsIn(text) {
  return text.match(DOWNLOADING) ?? [];
}

/** Returns the paths of all files that users read, and of all files that print text for users. */
export function filesForUsers() {
  const inFolder = (folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map((path) => `${folder}/${path}`)
      .filter(
        (path) => /\.(?:md|yml|sh|ts|mjs)$/.test(path) && !/\.test\.ts$|install-form/.test(path),
      );
  const pages = readdirSync(ROOT).filter((path) => /\.(?:md|yml)$/.test(path));
  return [...pages, "Dockerfile", ...["docs", "examples", "scripts", "src"].flatMap(inFolder)];
}

function shell(...lines) {
  return ["```sh", ...lines, "```"].join("\n");
}

function programName() {
  return Object.keys(bin)[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of filesForUsers()) {
    const path = join(ROOT, file);
    const text = readFileSync(path, "utf8");
    const written = withInstallForm(text);
    if (written !== text) writeFileSync(path, written);
  }
}
