/** Gives each warning of this package once. */

/** The subjects of the warnings given so far, by owner. */
const given = new WeakMap<object, Set<string>>();

/** Subjects may come from outside, such as tags of images: no more than these are remembered. */
const MAX_SUBJECTS = 1000;

const THIS_PROCESS = {};

/**
 * Warns of a subject, unless its owner has warned of it before.
 *
 * @param code The code of the warning, if it has one.
 * @param owner Default: this process.
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
