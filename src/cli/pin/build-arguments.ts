/** Puts the values of build arguments into a text, as a Dockerfile's FROM does. */

const ARGUMENT = /\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^${}]*))?\})/g;

/** A text with its arguments; undefined when the value of one is only known to whoever builds. */
export interface Expanded {
  readonly text: string | undefined;
  /** Whether there was any argument in it. */
  readonly used: boolean;
}

/** Expands `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+instead}`. */
export function expand(text: string, values: ReadonlyMap<string, string>): Expanded {
  if (!text.includes("$")) return { text, used: false };
  let known = true;
  const expanded = text.replace(
    ARGUMENT,
    (_, plain?: string, braced?: string, operator?: string, word = "") => {
      const value = values.get(plain ?? braced ?? "");
      const given = operator?.startsWith(":")
        ? value !== undefined && value !== ""
        : value !== undefined;
      if (operator?.endsWith("-")) return given ? (value ?? "") : word;
      if (operator?.endsWith("+")) return given ? word : "";
      if (value === undefined || value === "") known = false;
      return value ?? "";
    },
  );
  return { text: known && !expanded.includes("$") ? expanded : undefined, used: true };
}
