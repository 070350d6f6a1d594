/** The signs with which dagger's front ends draw a tree of steps. */

const TREE_SIGNS = /^[\s│┃┆█╰├▼▶∅✘✔○●◐─╭╯]+/;

/** Returns a line without the tree drawn before it. */
export function withoutTree(line: string): string {
  return line.replace(TREE_SIGNS, "");
}

/** Signs before a title that show the state of the step, also while it runs. */
export const STATE_SIGNS = "✔✘○●∅◐$⣷⣯⣟⡿⢿⣻⣽⣾";
/** The signs before a nested step. */
export const BRANCHES = " \\t│├╰╴─╭╮╯┆";
