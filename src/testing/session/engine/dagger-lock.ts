/** The lock file `dagger.lock`, which an engine of 1.0 keeps in a git repository. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const NAME = "dagger.lock";
const HEAD = JSON.stringify([["version", "1"]]);

/** The locked digests that a session uses, and those that it adds to the file at its end. */
export class DaggerLock {
  readonly #path: string | undefined;
  readonly #digests = new Map<string, string>();
  #hasNews = false;

  /** @param workdir A folder. If it is not in a git repository, there is no lock file. */
  constructor(workdir: string) {
    const root = repositoryOf(workdir);
    if (root === undefined) return;
    this.#path = join(root, NAME);
    if (existsSync(this.#path)) this.#read(readFileSync(this.#path, "utf8"));
  }

  /** Returns the locked digest of a tag in full form. */
  digestOf(reference: string, platform: string): string | undefined {
    return this.#digests.get(keyOf(reference, platform));
  }

  /** Records the digest of a tag, for the file. */
  keep(reference: string, platform: string, digest: string): void {
    this.#digests.set(keyOf(reference, platform), digest);
    this.#hasNews = true;
  }

  /** Writes the file, if the session has added entries. */
  write(): void {
    if (this.#path === undefined || !this.#hasNews) return;
    const lines = [...this.#digests].map(([key, digest]) =>
      JSON.stringify(["", "container.from", JSON.parse(key), digest]),
    );
    writeFileSync(this.#path, `${[HEAD, ...lines.sort()].join("\n")}\n`);
  }

  #read(text: string): void {
    for (const line of text.split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      const [, operation, inputs, digest] = JSON.parse(line);
      if (operation === "container.from") this.#digests.set(JSON.stringify(inputs), digest);
    }
  }
}

function keyOf(reference: string, platform: string): string {
  return JSON.stringify([reference, platform]);
}

function repositoryOf(folder: string): string | undefined {
  if (existsSync(join(folder, ".git"))) return folder;
  return dirname(folder) === folder ? undefined : repositoryOf(dirname(folder));
}
