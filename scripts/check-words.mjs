/**
 * Checks how the project writes: `node scripts/check-words.mjs [path...]`.
 *
 * It prints each fault as `file:line: "word": text to write instead`. The exit code is 1 when there is a
 * fault. Without paths it checks the whole project.
 */
import { relative, resolve } from "node:path";
import { ROOT } from "./checks/command.mjs";
import { checkFiles } from "./words/check.mjs";

const paths = process.argv.slice(2).map((path) => relative(ROOT, resolve(path)));
const faults = checkFiles(paths);
for (const { path, line, word, instead } of faults) {
  console.log(`${path}:${line}: "${word}": write ${instead}`);
}
if (faults.length > 0) console.log(`\n${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
