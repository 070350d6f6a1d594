/** Images in YAML: the values of `image:`, as in workflows, compose files and deployments. */

import type { Mention } from "./mention.js";

/** A key with its value; the dashes of lists may stand before it. */
const ENTRY = /^([ ]*(?:- +)*)(?:"([\w.-]+)"|'([\w.-]+)'|([\w.-]+))[ ]*:(?:[ \t]+(.*))?$/;
const BLOCK = /(?:^|[ \t])[|>][+-]?[0-9]?[+-]?[ \t]*(?:#.*)?$/;
const PICTURE = /\.(?:png|jpe?g|gif|svg|webp|avif|ico|bmp|iso|img|qcow2)$/i;

/** Finds the images; texts of many lines, such as scripts, are passed over. */
export function mentionsInYaml(text: string): Mention[] {
  const mentions: Mention[] = [];
  /** What is indented deeper than this belongs to a text of many lines. */
  let blockColumn: number | undefined;
  /** The column of an `image:` whose value follows as `name:`. */
  let imageColumn: number | undefined;
  let offset = 0;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\r$/, "");
    const start = offset;
    offset += raw.length + 1;
    const column = line.search(/[^ ]/);
    if (column < 0 || line[column] === "#") continue;
    if (blockColumn !== undefined && column > blockColumn) continue;
    blockColumn = undefined;
    const [, head = "", double, single, plain, value = ""] = ENTRY.exec(line) ?? [];
    const keyColumn = head.length;
    if (BLOCK.test(line)) blockColumn = keyColumn;
    const key = double ?? single ?? plain;
    if (imageColumn !== undefined && keyColumn <= imageColumn) imageColumn = undefined;
    if (key === undefined) continue;
    const isName = key === "name" && imageColumn !== undefined;
    if (key !== "image" && !isName) continue;
    const scalar = readScalar(value);
    if (scalar === undefined) {
      if (key === "image" && /^(?:#.*)?$/.test(value)) imageColumn = keyColumn;
      continue;
    }
    const mention = {
      offset: start + line.length - value.length + scalar.index,
      text: scalar.text,
    };
    if (!PICTURE.test(scalar.text) && !scalar.text.includes("://")) mentions.push(mention);
  }
  return mentions;
}

/** A plain or quoted value on one line, and where it begins; undefined for what is none. */
function readScalar(value: string): { text: string; index: number } | undefined {
  const head = /^(?:[&!]\S*[ \t]+)*/.exec(value)?.[0].length ?? 0;
  const rest = value.slice(head);
  const quoted = /^(["'])(.*?)\1[ \t]*(?:#.*)?$/.exec(rest);
  if (quoted?.[2] !== undefined) return { text: quoted[2], index: head + 1 };
  const plain = rest.replace(/(?:^|[ \t])#.*$/, "").trimEnd();
  const isNone =
    plain === "" || plain === "~" || plain === "null" || /^[[*|>&!"']|^\{(?!\{)/.test(plain);
  return isNone ? undefined : { text: plain, index: head };
}
