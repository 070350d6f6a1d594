/** Cuts a Dockerfile into its instructions: continued lines are joined, here-documents passed over. */

/** One instruction. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  /** What follows the keyword, its lines joined. */
  readonly rest: string;
  /** Where a character of `rest` stands in the file. */
  offsetAt(index: number): number;
}

interface Line {
  readonly text: string;
  readonly offset: number;
}

const HERE_DOCUMENT = /<<-?(["']?)([A-Za-z_]\w*)\1/g;

/** Gives the instructions in their order. */
export function instructionsOf(text: string): Instruction[] {
  const lines = linesOf(text);
  const continuation = /^(?:\s*#.*\n)*?\s*#\s*escape\s*=\s*`/i.test(text.slice(0, 1000))
    ? "`"
    : "\\";
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length; ) {
    const { pieces, next } = joinedFrom(lines, at, continuation);
    at = next;
    const instruction = readInstruction(pieces);
    if (instruction === undefined) continue;
    instructions.push(instruction);
    if (!/^(?:RUN|COPY|ADD)$/.test(instruction.keyword)) continue;
    for (const [, , word] of instruction.rest.matchAll(HERE_DOCUMENT)) {
      while (at < lines.length && lines[at]?.text.trim() !== word) at++;
      at++;
    }
  }
  return instructions;
}

/** The lines from one on that belong together, without comments and the marks at their ends. */
function joinedFrom(
  lines: readonly Line[],
  start: number,
  continuation: string,
): { pieces: Line[]; next: number } {
  const pieces: Line[] = [];
  let next = start;
  while (next < lines.length) {
    const { text, offset } = lines[next++] as Line;
    if (/^\s*#/.test(text)) {
      if (pieces.length === 0) break;
      continue;
    }
    // Docker still passes over empty lines within an instruction.
    if (pieces.length > 0 && text.trim() === "") continue;
    const kept = text.trimEnd();
    if (!kept.endsWith(continuation)) {
      pieces.push({ text, offset });
      break;
    }
    pieces.push({ text: kept.slice(0, -1), offset });
  }
  return { pieces, next };
}

function readInstruction(pieces: readonly Line[]): Instruction | undefined {
  const joined = pieces.map(({ text }) => text).join("");
  const [head, keyword] = /^\s*([a-z]+)\s+/i.exec(joined) ?? [];
  if (head === undefined || keyword === undefined) return undefined;
  return {
    keyword: keyword.toUpperCase(),
    rest: joined.slice(head.length).trimEnd(),
    offsetAt(index) {
      let left = head.length + index;
      for (const { text, offset } of pieces) {
        if (left < text.length) return offset + left;
        left -= text.length;
      }
      return pieces[0]?.offset ?? 0;
    },
  };
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let offset = 0;
  for (const line of text.split("\n")) {
    lines.push({ text: line.replace(/\r$/, ""), offset });
    offset += line.length + 1;
  }
  return lines;
}
