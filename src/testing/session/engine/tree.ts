/** Trees of files whose content is created only when it is read. */

import { contentKey, copyInto } from "../files/scratch.js";
import type { Work } from "./context.js";

/** A tree of files. Equal keys mean equal content. */
export interface Tree {
  readonly key: string;
  /** Puts the content of the tree into the folder `target`. */
  fill(target: string, work: Work): Promise<void>;
  /** Returns a folder with the content. Do not change anything in it. */
  folder(work: Work): Promise<string>;
}

export const EMPTY_TREE: Tree = derivedTree("empty", async () => undefined);

/** Returns a tree whose content `fill` creates, at most once per key. */
export function derivedTree(
  key: string,
  fill: (target: string, work: Work) => Promise<void>,
): Tree {
  const tree: Tree = {
    key,
    fill,
    folder: (work) =>
      work.engine.steps.join(`tree ${key}`, work.signal, async (signal) => {
        const target = await work.engine.scratch.newFolder("tree");
        await fill(target, { ...work, signal });
        return target;
      }),
  };
  return tree;
}

/** Returns a tree with the content of `parent` and one change. */
export function changedTree(
  parent: Tree,
  change: readonly unknown[],
  apply: (target: string, work: Work) => Promise<void>,
): Tree {
  return derivedTree(contentKey(parent.key, ...change), async (target, work) => {
    await parent.fill(target, work);
    await apply(target, work);
  });
}

/** Returns a tree whose content is in a folder that a step has created. */
export function steppedTree(key: string, folder: (work: Work) => Promise<string>): Tree {
  return {
    key,
    folder,
    fill: async (target, work) => copyInto(await folder(work), target, { signal: work.signal }),
  };
}
