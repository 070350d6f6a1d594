/** Trees of files whose content is created only when it is read. */

import { contentKey, copyInto } from "../files/scratch.js";
import type { Work } from "./context.js";

/** A file or a folder that gets a real path when it is read. Equal keys mean equal content. */
export interface Located {
  readonly key: string;
  /** Returns the real path. Do not change anything there. Rejects if the file or folder is missing. */
  locate(work: Work): Promise<string>;
}

/** A tree of files, whose content can also be put into another folder. */
export interface Tree extends Located {
  /** Puts the content of the tree into the folder `target`. */
  fill(target: string, work: Work): Promise<void>;
}

export const EMPTY_TREE: Tree = derivedTree("empty", async () => undefined);

/** Returns a tree whose content `fill` creates, at most once per key. */
export function derivedTree(
  key: string,
  fill: (target: string, work: Work) => Promise<void>,
): Tree {
  return {
    key,
    fill,
    locate: (work) =>
      work.engine.steps.join(`tree ${key}`, work.signal, async (signal) => {
        const target = await work.engine.scratch.newFolder("tree");
        await fill(target, { ...work, signal });
        return target;
      }),
  };
}

/** A change to the files of a tree. */
export interface Change {
  /** The kind of the change, then all on which its result depends. Changes with equal identities are equal. */
  readonly identity: readonly unknown[];
  /** Makes the change to the files in the folder `target`. */
  apply(target: string, work: Work): Promise<void>;
}

/** Returns a tree with the content of `parent` and one change. */
export function changedTree(parent: Tree, { identity, apply }: Change): Tree {
  return derivedTree(contentKey(parent.key, ...identity), async (target, work) => {
    await parent.fill(target, work);
    await apply(target, work);
  });
}

/** Returns a tree whose content is in a folder that a step has created. */
export function steppedTree({ key, locate }: Located): Tree {
  return {
    key,
    locate,
    fill: async (target, work) => copyInto(await locate(work), target, { signal: work.signal }),
  };
}
