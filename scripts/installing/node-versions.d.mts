/** Types for the tests; see node-versions.mjs. */

/** A Node.js of tests/package.json: with its binary, or with what a section that cannot run must tell. */
export interface OtherNode {
  readonly title: string;
  readonly binary?: string;
}

export function otherNodes(): Promise<readonly OtherNode[]>;
