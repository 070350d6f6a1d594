/** The words that this project does not use, each with what to write instead. */

/**
 * The rows of the table. Each has a pattern for a word or phrase, and its replacement. `in` limits a row to
 * some kinds of text. Code, quotations, links and paths are blanked first (see `plain-text.mjs`).
 */
export const ROWS = [
  // One word for one thing.
  { pattern: /verdicts?/, instead: "classification" },
  { pattern: /(?:says|tells) who failed|blam(?:e[ds]?|ing)/, instead: "classify, classification" },
  { pattern: /(?:eye)?witness(?:es|ed)?/, instead: "request trace" },
  { pattern: /evidence|testimon(?:y|ies)/, instead: "observed exchange" },
  { pattern: /in(?:to)? (?:the|its|their|our) books/, instead: "settle" },
  { pattern: /strangers?/, instead: "unlisted host" },
  { pattern: /spare[ds]?|sparing/, instead: "avoided requests, avoided pulls" },
  { pattern: /(?:who|what) is limited together/, instead: "rate-limit scope" },
  { pattern: /refusals?|errands?|turn(?:s|ed|ing)? away/, instead: "rejection" },
  {
    pattern: /tripped|opened[- ]at[- ]once|open-time-over/,
    instead: 'what happened: "circuit opened: 5 consecutive failures"',
    in: ["message"],
  },
  // No riddles.
  { pattern: /(?:is|are|was|were) none/, instead: 'a plain negation: "there is no ..."' },
  {
    pattern: /(?<!\bthere )(?:is|are|was|were) no(?! (?:longer|more|less|later|earlier|sooner)\b)/,
    instead: '"is not a ..." or "has no ..."',
  },
  { pattern: /somebody|nobody/, instead: "the noun: a user, another process, no process" },
  { pattern: /who(?:so)?ever/, instead: "the noun: the caller, the user" },
  { pattern: /says|tells/, instead: "contains, returns, reports, shows" },
  { pattern: /the so many-th/, instead: '"Number of ..., starting at 1"' },
  // American spelling.
  { pattern: /time-outs?/, instead: "timeout" },
  { pattern: /learnt|spelt|burnt|dreamt/, instead: "the form in -ed: learned, spelled" },
  { pattern: /whilst|amongst/, instead: "while, among" },
  { pattern: /grey/, instead: "gray" },
  { pattern: /artefacts?/, instead: "artifact" },
  {
    pattern:
      /(?:un|dis|mis)?(?:behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|rig|rum|sav|vap|vig)our(?:s|ed|ing|able|ably|hood|hoods|ing|ite|ites|less|ful|ly|al)?/,
    instead: "the spelling in -or: behavior, color, neighbor",
  },
  {
    pattern:
      /(?:un|re|de|dis)?(?:apolog|author|capital|categor|central|character|critic|custom|emphas|final|general|harmon|initial|ital|item|local|material|maxim|memor|minim|modern|neutral|normal|optim|organ|parallel|personal|polar|popular|prior(?:it)?|random|real|recogn|sanit|scrutin|serial|special|stabil|standard|summar|symbol|synchron|token|util|visual)is(?:e[drs]?|ing|ations?|ers)/,
    instead: "the spelling in -ize: recognize, serialize",
  },
  { pattern: /(?:anal|catal|paral)ys(?:e|ed|ing)/, instead: "the spelling in -yze: analyze" },
  {
    pattern: /(?:cent|fib|lit|met|theat)re[ds]?/,
    instead: "the spelling in -er: center, meter",
  },
  { pattern: /(?:def|lic|off|pret)ences?/, instead: "the spelling in -ense: license, defense" },
  {
    pattern:
      /(?:un)?(?:cance|channe|dia|fue|labe|leve|marsha|mode|pane|quarre|signa|tota|trave|tunne)ll(?:ed|ing|ers?)/,
    instead: "one l: canceled, labeling, modeled",
  },
  {
    pattern: /(?:fulfil|instal|enrol|skilful|wilful)(?:s|ment)?/,
    instead: "two l: fulfill, install",
  },
].map(({ pattern, ...row }) => ({ ...row, pattern: wholeWords(pattern.source) }));

/** Matches every text that some row matches. Most texts match none, so they need only this one check. */
export const ANY_ROW = wholeWords(ROWS.map(({ pattern }) => pattern.source).join("|"), "i");

function wholeWords(source, flags = "gi") {
  return new RegExp(`(?<![\\w-])(?:${source})(?![\\w-])`, flags);
}

/** Patterns with which a comment must not begin, each with what to write instead. */
export const BEGINNINGS = [
  { pattern: /^What\b/, instead: "a noun or a verb" },
  { pattern: /^That\b/, instead: "a verb: Checks that ..." },
  { pattern: /^Those\b/, instead: "a noun: The hosts that ..." },
  { pattern: /^Whether\b[^.]*, and not\b/, instead: "a plain sentence without the inversion" },
  { pattern: /^Whether\b/, instead: "a verb: Returns whether ...", only: "function" },
  {
    pattern: /^(?:The|A|An|How|Whose|Where|When|Why|Who|Which)\b/,
    instead: "a verb in the third person: Returns, Renders, Rejects when",
    only: "function",
  },
];

/** The most words that a sentence may have. A longer sentence needs a second read. */
export const LONGEST_SENTENCE = 30;
