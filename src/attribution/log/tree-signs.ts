/** The signs by which dagger's front ends draw a tree of steps. */

const TREE_SIGNS = /^[\s│┃┆█╰├▼▶∅✘✔○●◐─╭╯]+/;

/** A line without the tree that a terminal draws before it. */
export function withoutTree(line: string): string {
  return line.replace(TREE_SIGNS, "");
}

/** Signs before a title: how the step stands, also while it runs. */
export const STATE_SIGNS = "✔✘○●∅◐$⣷⣯⣟⡿⢿⣻⣽⣾";
/** What stands before the sign of a step inside another one. */
export const BRANCHES = " \\t│├╰╴─╭╮╯┆";
