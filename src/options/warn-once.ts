/** Emits each process warning of this package only once. */

/**
 * For each owner, the subjects that it has already warned about, such as the name of a failed
 * callback.
 */
const given = new WeakMap<object, Set<string>>();

/**
 * The maximum number of subjects for each owner. A limit is necessary because some subjects come
 * from outside, such as image tags.
 */
const MAX_SUBJECTS = 1000;

const THIS_PROCESS = {};

/**
 * Emits a process warning, unless its owner has already warned about the same subject. An owner
 * that has warned about 1,000 subjects emits no more warnings.
 *
 * @param code The code of the warning, such as `traces-sampled`. Undefined for no code.
 * @param owner The object that warns once about each subject, such as a breaker. Default: this
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
