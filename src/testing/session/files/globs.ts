/** Selects paths by the patterns of `include` and `exclude`. It does no I/O. */

/** Patterns that select paths. */
export interface Filter {
  /** If there are any, only paths that match one of them, or are inside a match, are taken. */
  readonly include: readonly string[];
  /** Paths that match one of these, or are inside a match, are left out. `!pattern` takes them again. */
  readonly exclude: readonly string[];
}

/** The decision about a path: it is taken, left out, or only walked because something inside may be taken. */
type Decision = "take" | "walk" | "leave";

/** Decides about a path relative to the filtered folder. */
export type PathFilter = (path: string) => Decision;

export function pathFilter(filter: Filter): PathFilter {
  const include = filter.include.map(compile);
  const exclude = filter.exclude.map((pattern) => ({
    again: pattern.startsWith("!"),
    pattern: compile(pattern.replace(/^!/, "")),
  }));
  return (path) => {
    const parts = path.split("/");
    let taken = include.length === 0 || include.some((pattern) => pattern.covers(parts));
    let walked = include.some((pattern) => pattern.leadsOn(parts));
    for (const { again, pattern } of exclude) {
      if (pattern.covers(parts)) {
        taken = again;
        walked &&= again;
      } else if (again && pattern.leadsOn(parts)) {
        walked = true;
      }
    }
    if (taken) return "take";
    return walked ? "walk" : "leave";
  };
}

/** Returns whether a pattern matches the whole path. */
export function matchesGlob(pattern: string, path: string): boolean {
  return segmentsToRegExp(pattern.split("/").filter((part) => part !== "" && part !== ".")).test(
    path,
  );
}

interface CompiledPattern {
  /** Returns whether the path, or a folder around it, matches. */
  covers(parts: readonly string[]): boolean;
  /** Returns whether a path inside this one may match. */
  leadsOn(parts: readonly string[]): boolean;
}

function compile(pattern: string): CompiledPattern {
  const segments = pattern.replace(/^\/+|\/+$/g, "").split("/");
  const whole = segmentsToRegExp(segments);
  const stars = segments.indexOf("**");
  const fixed = stars < 0 ? segments : segments.slice(0, stars);
  return {
    covers: (parts) => parts.some((_, index) => whole.test(parts.slice(0, index + 1).join("/"))),
    leadsOn(parts) {
      if (stars < 0 && parts.length >= segments.length) return false;
      const length = Math.min(fixed.length, parts.length);
      return segmentsToRegExp(fixed.slice(0, length)).test(parts.slice(0, length).join("/"));
    },
  };
}

function segmentsToRegExp(segments: readonly string[]): RegExp {
  let source = "";
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === "**") source += last ? ".*" : "(?:.*/)?";
    else source += segmentSource(segment) + (last ? "" : "/");
  });
  return new RegExp(`^${source}$`);
}

function segmentSource(segment: string): string {
  return segment.replace(/[.+^${}()|[\]\\]|\*+|\?/g, (special) => {
    if (special.startsWith("*")) return "[^/]*";
    return special === "?" ? "[^/]" : `\\${special}`;
  });
}
