/** Types for the tests; see sections.mjs. */

import type { Output } from "./progress.mjs";

export interface SectionResult {
  readonly note?: string;
  readonly failed?: string;
  readonly failures?: readonly string[];
  readonly counts?: {
    readonly passed?: number;
    readonly failed?: number;
    readonly skipped?: number;
  };
}
export class Sections {
  constructor(options?: {
    readonly sectionLimitMs?: number;
    readonly wholeLimitMs?: number;
    readonly out?: Output;
  });
  run(
    title: string,
    body: (context: {
      readonly signal: AbortSignal;
      readonly progress: (state: string) => void;
    }) => Promise<SectionResult>,
  ): Promise<boolean>;
  skipHint(problem: string): void;
  close(): void;
}
