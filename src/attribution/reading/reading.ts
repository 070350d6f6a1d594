/** What a text says, worked out once and on demand, for the rules to ask. */

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
import { type Ending, readEnding } from "./outcomes.js";
import { withoutReasons } from "./status.js";
import { unwrapLines } from "./text.js";
import type { Outcome } from "./words/vocabulary.js";
import { type WordList, WordText, wordList } from "./words/words.js";

/** What is known of a failure from its structure, not from its words. */
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
  /** The field names on the way to the failure. */
  readonly path: readonly string[];
  /** Whether the failure is a GraphQL error inside an answer: the session itself did answer. */
  readonly answered: boolean;
  /** What was being done, as the caller says or as the path shows. */
  readonly operation: string | undefined;
  /** Who worded it, as the caller says. */
  readonly source: string | undefined;
}

/** No structure at all: bare words. */
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

/** A text with what it says, found when first asked for. */
export class Reading {
  readonly text: string;
  readonly facts: StructuredFacts;
  /** What the failed command had printed, in lower case; empty when it is not known. */
  readonly output: string;
  #lower: string | undefined;
  #words: WordText | undefined;
  #plain: WordText | undefined;
  #addresses: WordText | undefined;
  #flat: string | undefined;
  #url: BlamedUrl | null | undefined;
  #ending: Ending | null | undefined;
  #use: Use | null | undefined;
  #host: string | null | undefined;

  constructor(text: string, facts: StructuredFacts, output = "") {
    this.text = text;
    this.facts = facts;
    this.output = output.toLowerCase();
  }

  /** The text in lower case. */
  get lower(): string {
    this.#lower ??= this.text.toLowerCase();
    return this.#lower;
  }

  /** The text with wrapped lines joined. */
  get flat(): string {
    this.#flat ??= unwrapLines(this.text);
    return this.#flat;
  }

  /** The URL that failed; none when its call was only cancelled because something else failed. */
  get url(): BlamedUrl | undefined {
    if (this.#url === undefined) this.#url = this.#readUrl() ?? null;
    return this.#url ?? undefined;
  }

  /** How the exchange ended: what comes after the URL decides, else the whole text. */
  get ending(): Ending | undefined {
    if (this.#ending === undefined) this.#ending = this.#readEnding() ?? null;
    return this.#ending ?? undefined;
  }

  get outcome(): Outcome | undefined {
    return this.ending?.outcome;
  }

  /** What the exchange was for. */
  get use(): Use | undefined {
    if (this.#use === undefined) this.#use = this.#readUse() ?? null;
    return this.#use ?? undefined;
  }

  /** The host that failed, as printed. */
  get host(): string | null {
    if (this.#host === undefined) this.#host = this.#readHost();
    return this.#host;
  }

  /**
   * Whether the text has one of these words, given in lower case.
   *
   * They are not looked for in names (of images, paths, hosts) nor in what a server says as the
   * reason of its status, unless `everywhere` is set; a word with a slash or a dotted name is part
   * of a name and looked for everywhere.
   */
  has(words: readonly string[], everywhere = false): boolean {
    const { all, plain, named } = byPlace(words);
    if (everywhere) return this.#addressText.hasAny(all);
    return this.#wordText.hasAny(plain) || (named.length > 0 && this.#addressText.hasAny(named));
  }

  /** Whether the text has all of these words, given in lower case; looked for as by `has`. */
  hasAll(words: readonly string[], everywhere = false): boolean {
    const { all, plain, named } = byPlace(words);
    if (everywhere) return this.#addressText.hasAll(all);
    return this.#wordText.hasAll(plain) && (named.length === 0 || this.#addressText.hasAll(named));
  }

  get #wordText(): WordText {
    if (this.#words === undefined) {
      const plain = this.#plainText;
      const words = withoutReasons(plain.text);
      this.#words = words === plain.text ? plain : new WordText(words);
    }
    return this.#words;
  }

  /** The text in lower case without names. */
  get #plainText(): WordText {
    this.#plain ??= new WordText(withoutNames(this.lower));
    return this.#plain;
  }

  get #addressText(): WordText {
    this.#addresses ??= new WordText(this.lower);
    return this.#addresses;
  }

  #readUrl(): BlamedUrl | undefined {
    const url = blamedUrl(this.flat);
    if (url === undefined || !url.cancelled) return url;
    const told = readEnding(this.#plainText)?.outcome;
    const otherFailed = told !== undefined && told !== "cancelled" && told !== "deadline";
    return otherFailed ? undefined : url;
  }

  #readEnding(): Ending | undefined {
    const url = this.url;
    if (url !== undefined) {
      const behind = withoutNames(this.flat.slice(url.end).toLowerCase());
      const after = readEnding(new WordText(behind), true);
      if (after !== undefined && after.outcome !== "cancelled") return after;
    }
    const whole = readEnding(this.#plainText);
    if (whole !== undefined) return whole;
    // Go's HTTP client and curl end so only when there was no answer, in whatever words.
    if (url !== undefined && this.has(NO_ANSWER_FRAMES)) {
      return { outcome: "interrupted", status: undefined };
    }
    return undefined;
  }

  #readUse(): Use | undefined {
    if (this.has(TELEMETRY_WORDS)) return "cloud";
    const url = this.url;
    if (url?.use === "session") return "engine";
    if (url?.use === "registry") return "registry";
    const { operation } = this.facts;
    if (this.has(CACHE_WORDS)) return "cloud";
    if (url?.use === "git") return "git";
    if (operation === "cache" && url !== undefined) return "cloud";
    if (this.has(HTTP_WORDS)) return "http";
    if (this.has(GIT_WORDS)) return "git";
    if (this.has(REGISTRY_WORDS)) return "registry";
    const told = url === undefined ? OPERATION_USE : OPERATION_HOST_USE;
    if (operation !== undefined && Object.hasOwn(told, operation)) return told[operation];
    return url === undefined ? undefined : "http";
  }

  #readHost(): string | null {
    const { flat, url } = this;
    const proxy = blamedProxy(flat, url?.host);
    if (proxy !== undefined) return proxy;
    if (url !== undefined && url.use !== "session") {
      return (this.has(SSH_WORDS) ? blamedBySsh(flat)?.host : undefined) ?? url.host;
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

interface WordsByPlace {
  readonly all: WordList;
  readonly plain: WordList;
  readonly named: WordList;
}

const BY_PLACE = new WeakMap<readonly string[], WordsByPlace>();

/** Words that stand by themselves, and those that are part of an address or a path. */
function byPlace(words: readonly string[]): WordsByPlace {
  let places = BY_PLACE.get(words);
  if (places === undefined) {
    const isNamed = (word: string) => /[^ ]\/|\/[^ ]|\w\.\w/.test(word);
    places = {
      all: wordList(words),
      plain: wordList(words.filter((word) => !isNamed(word))),
      named: wordList(words.filter(isNamed)),
    };
    BY_PLACE.set(words, places);
  }
  return places;
}

function isPlaceholder(host: string): boolean {
  return !host.includes(":") && !host.includes(".");
}
