/** Gives each warning of this package once. */

/** The subjects of each owner that were warned of, such as the name of a failed callback. */
const given = new WeakMap<object, Set<string>>();

/**
 * The limit of subjects for each owner, because subjects can come from outside, such as image tags.
 */
const MAX_SUBJECTS = 1000;

const THIS_PROCESS = {};

/**
 * Warns of a subject, unless its owner has warned of it before.
 *
 * @param code The code of the warning, if it has one.
 * @param owner The object, such as a breaker, that warns once of each subject. Default: this
 * process.
 */
export function warnOnce(
  code: string | undefined,
  message: string,
  subject: string = message,
  owner: object = THIS_PROCESS,
): void {
  const subjects = given.get(owner) ?? new Set();
  if (subjects.has(subject) || subjects.size >= MAX_SUBJECTS) return;
  given.set(owner, subjects.add(subject));
  process.emitWarning(message, { type: "CircuitBreakerWarning", ...(code && { code }) });
}
