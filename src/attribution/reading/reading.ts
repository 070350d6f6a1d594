/** The facts about a text that rules use. Each fact is computed on first use and then stored. */

import {
  CACHE_WORDS,
  GIT_WORDS,
  HTTP_WORDS,
  NO_ANSWER_FRAMES,
  OPERATION_HOST_USE,
  OPERATION_USE,
  REGISTRY_WORDS,
  SSH_WORDS,
  TELEMETRY_WORDS,
  type Use,
} from "./frames.js";
import { blamedAddress, blamedBySsh, blamedRemote } from "./hosts/addresses.js";
import { blamedImage } from "./hosts/images.js";
import { blamedProxy } from "./hosts/proxies.js";
import { type BlamedUrl, blamedUrl } from "./hosts/urls.js";
import { withoutNames } from "./names.js";
import { readEnding, type WordedEnding } from "./outcomes.js";
import { withoutReasons } from "./status.js";
import { unwrapLines } from "./text.js";
import type { WordedOutcome } from "./words/vocabulary.js";
import { isNamed, type WordList, WordLists } from "./words/words.js";

/** Facts from the structure of an error, not from its text. */
export interface StructuredFacts {
  /** The names of the error and of its causes, such as `"ExecError"`. */
  readonly names: readonly string[];
  /** The codes of the error and of its causes, such as `"D109"` and `"ECONNRESET"`. */
  readonly codes: readonly string[];
  /** `extensions._type` of a GraphQL error. */
  readonly type: string | undefined;
  /** `extensions.code` of a GraphQL error, when it is a text. */
  readonly graphqlCode: string | undefined;
  /** The exit code of the command that failed. */
  readonly exitCode: number | undefined;
  /** The HTTP status of the session's answer. */
  readonly status: number | undefined;
  /** The field names on the path to the failure. */
  readonly path: readonly string[];
  /** Whether the failure is a GraphQL error in an answer. If it is, the session itself works. */
  readonly answered: boolean;
  /** The operation, such as `"from"`, that the caller gave or that the path contains. */
  readonly operation: string | undefined;
  /** The source of the text, such as `"sdk"`, that the caller gave. */
  readonly source: string | undefined;
}

/** The facts of a failure that is only a text. */
export const NO_FACTS: StructuredFacts = {
  names: [],
  codes: [],
  type: undefined,
  graphqlCode: undefined,
  exitCode: undefined,
  status: undefined,
  path: [],
  answered: false,
  operation: undefined,
  source: undefined,
};

/** A text with its facts. Each fact is computed on first use. */
export class Reading {
  readonly text: string;
  readonly facts: StructuredFacts;
  /** The output of the failed command, in lower case. Empty if the output is not known. */
  readonly output: string;
  #lower: string | undefined;
  #words: string | undefined;
  #plain: string | undefined;
  #frames: ReadonlySet<WordList> | undefined;
  #flat: string | undefined;
  #url: BlamedUrl | null | undefined;
  #ending: WordedEnding | null | undefined;
  #use: Use | null | undefined;
  #host: string | null | undefined;

  constructor(text: string, facts: StructuredFacts, output = "") {
    this.text = text;
    this.facts = facts;
    this.output = output.toLowerCase();
  }

  get lower(): string {
    this.#lower ??= this.text.toLowerCase();
    return this.#lower;
  }

  /** The text without the line breaks that a terminal added. */
  get flat(): string {
    this.#flat ??= unwrapLines(this.text);
    return this.#flat;
  }

  /**
   * The URL of the exchange that failed. Undefined if that exchange was only canceled because another
   * exchange failed.
   */
  get url(): BlamedUrl | undefined {
    if (this.#url === undefined) this.#url = this.#readUrl() ?? null;
    return this.#url ?? undefined;
  }

  /**
   * The outcome and the status of the exchange, from the words after the URL, or else from the whole text.
   */
  get ending(): WordedEnding | undefined {
    if (this.#ending === undefined) this.#ending = this.#readEnding() ?? null;
    return this.#ending ?? undefined;
  }

  get outcome(): WordedOutcome | undefined {
    return this.ending?.outcome;
  }

  /** The other side of the exchange: registry, git, http, cloud or engine. */
  get use(): Use | undefined {
    if (this.#use === undefined) this.#use = this.#readUse() ?? null;
    return this.#use ?? undefined;
  }

  /** The host that failed, as printed. Null if no host is known. */
  get host(): string | null {
    if (this.#host === undefined) this.#host = this.#readHost();
    return this.#host;
  }

  /**
   * Returns whether the text contains one of these lower-case words.
   *
   * Leaves out names of images, paths and hosts, and reason phrases such as `Not Found` after a status. With
   * `everywhere`, searches these parts too.
   *
   * A word that itself looks like a part of a name, such as `/var/lib` or `docker.io`, is always searched
   * everywhere.
   */
  has(words: WordList, everywhere = false): boolean {
    return words.some((word) =>
      (everywhere || isNamed(word) ? this.lower : this.#wordText).includes(word),
    );
  }

  /**
   * Returns the lists with at least one word that occurs in the text. Searches the same parts of the text as
   * `has`.
   */
  found(lists: WordLists, everywhere: boolean): ReadonlySet<WordList> {
    return lists.in(everywhere ? this.lower : this.#wordText, this.lower);
  }

  /** The text in lower case, with names and reason phrases replaced by `_`. */
  get #wordText(): string {
    this.#words ??= withoutReasons(this.#plainText);
    return this.#words;
  }

  /** The text in lower case, with names replaced by `_`. */
  get #plainText(): string {
    this.#plain ??= withoutNames(this.lower);
    return this.#plain;
  }

  /** The lists of `frames.ts` with at least one word that occurs in the text. */
  get #frameLists(): ReadonlySet<WordList> {
    this.#frames ??= this.found(FRAMES, false);
    return this.#frames;
  }

  #readUrl(): BlamedUrl | undefined {
    if (!this.text.includes("://")) return undefined;
    const url = blamedUrl(this.flat);
    if (url === undefined || !url.cancelled) return url;
    const told = readEnding(this.#plainText)?.outcome;
    const otherFailed = told !== undefined && told !== "cancelled" && told !== "deadline";
    return otherFailed ? undefined : url;
  }

  #readEnding(): WordedEnding | undefined {
    const url = this.url;
    if (url !== undefined) {
      const behind = withoutNames(this.flat.slice(url.end).toLowerCase());
      const after = readEnding(behind, true);
      if (after !== undefined && after.outcome !== "cancelled") return after;
    }
    const whole = readEnding(this.#plainText);
    if (whole !== undefined) return whole;
    // Go's HTTP client and curl print these words only if no answer arrived.
    if (url !== undefined && this.#frameLists.has(NO_ANSWER_FRAMES)) {
      return { outcome: "interrupted", status: undefined };
    }
    return undefined;
  }

  #readUse(): Use | undefined {
    const frames = this.#frameLists;
    if (frames.has(TELEMETRY_WORDS)) return "cloud";
    const url = this.url;
    if (url?.use === "session") return "engine";
    if (url?.use === "registry") return "registry";
    const { operation } = this.facts;
    if (frames.has(CACHE_WORDS)) return "cloud";
    if (url?.use === "git") return "git";
    if (operation === "cache" && url !== undefined) return "cloud";
    if (frames.has(HTTP_WORDS)) return "http";
    if (frames.has(GIT_WORDS)) return "git";
    if (frames.has(REGISTRY_WORDS)) return "registry";
    const told = url === undefined ? OPERATION_USE : OPERATION_HOST_USE;
    if (operation !== undefined && Object.hasOwn(told, operation)) return told[operation];
    return url === undefined ? undefined : "http";
  }

  #readHost(): string | null {
    const { flat, url } = this;
    const proxy = blamedProxy(flat, url?.host);
    if (proxy !== undefined) return proxy;
    if (url !== undefined && url.use !== "session") {
      return (this.#frameLists.has(SSH_WORDS) ? blamedBySsh(flat)?.host : undefined) ?? url.host;
    }
    if (url?.use === "session") return isPlaceholder(url.host) ? null : url.host;
    const remote = blamedRemote(flat);
    if (remote !== undefined) return remote.host;
    const image = this.use === "registry" ? blamedImage(flat) : undefined;
    const address = blamedAddress(flat);
    if (address !== undefined && (image === undefined || !/^[0-9[]/.test(address.host))) {
      return address.host;
    }
    return image?.host ?? null;
  }
}

const FRAMES = new WordLists([
  TELEMETRY_WORDS,
  CACHE_WORDS,
  HTTP_WORDS,
  GIT_WORDS,
  REGISTRY_WORDS,
  SSH_WORDS,
  NO_ANSWER_FRAMES,
]);

function isPlaceholder(host: string): boolean {
  return !host.includes(":") && !host.includes(".");
}
