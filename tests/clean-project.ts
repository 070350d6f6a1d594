/**
 * Fails the test run when tests leave files in the folder of the project, where other tools would read
 * them.
 */

import { readdirSync } from "node:fs";
import { ROOT } from "../scripts/packaging/cache.mjs";

/** Files and folders that a developer may create while the tests run. */
const OF_OTHERS = /^(?:build|coverage|dist.*|node_modules)$/;

export function setup(): () => void {
  const before = new Set(readdirSync(ROOT));
  return () => {
    const left = readdirSync(ROOT).filter((name) => !before.has(name) && !OF_OTHERS.test(name));
    if (left.length > 0) throw new Error(`the tests left ${left.join(", ")} in the project`);
  };
}
