/** The signs with which Dagger's front ends draw a tree of steps. */

const TREE_SIGNS = /^[\s│┃┆█╰├▼▶∅✘✔○●◐─╭╯]+/;

/** Returns a line without the tree signs at its start. */
export function withoutTree(line: string): string {
  return line.replace(TREE_SIGNS, "");
}

/**
 * Signs before a title that show the state of the step, such as `✔` (passed), `✘` (failed) or `⣷` (running).
 */
export const STATE_SIGNS = "✔✘○●∅◐$⣷⣯⣟⡿⢿⣻⣽⣾";
/** Signs that draw the branches of the tree. */
export const BRANCHES = " \\t│├╰╴─╭╮╯┆";
