/**
 * Parses XML strictly, with only the features that our reports use. Throws when a document is not
 * well-formed.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const DECLARATION = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/;
const NOT_ALLOWED = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const TAG = /<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

/** Returns the root element of a document. */
export function parseXml(document: string): XmlElement {
  if (NOT_ALLOWED.test(document)) throw new Error("a character that XML does not know");
  const source = document.replace(DECLARATION, "");
  if (source === document) throw new Error("no declaration");
  const root = { name: "", attributes: {}, children: [] as XmlElement[], text: "" };
  const open = [root];
  let at = 0;
  while (at < source.length) {
    const top = open.at(-1);
    if (top === undefined) throw new Error(`nothing is open at ${at}`);
    const next = source.indexOf("<", at);
    const end = next < 0 ? source.length : next;
    top.text += unescaped(source.slice(at, end));
    at = end;
    if (next < 0) break;
    TAG.lastIndex = at;
    const [tag, closing, name = "", attributes = "", empty] = TAG.exec(source) ?? [];
    if (tag === undefined) throw new Error(`no tag at ${source.slice(at, at + 40)}`);
    at += tag.length;
    if (closing) {
      if (open.pop()?.name !== name || open.length === 0) throw new Error(`</${name}> closes none`);
      continue;
    }
    const element = { name, attributes: attributesOf(attributes), children: [], text: "" };
    top.children.push(element);
    if (!empty) open.push(element);
  }
  const [child] = root.children;
  if (open.length !== 1 || root.children.length !== 1 || child === undefined) {
    throw new Error("not exactly one root that is closed");
  }
  if (root.text.trim() !== "") throw new Error("text outside the root");
  return child;
}

function attributesOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/ ([a-z]+)="([^"]*)"/g)];
  const found = Object.fromEntries(
    pairs.map(([, name = "", value = ""]) => [name, unescaped(value)]),
  );
  if (Object.keys(found).length !== pairs.length) throw new Error("an attribute stands twice");
  return found;
}

function unescaped(text: string): string {
  return text.replace(/&(?:#([0-9]+)|([a-z]+))?;?/g, (whole, number, name) => {
    const sign = number === undefined ? ENTITIES[name] : String.fromCodePoint(Number(number));
    if (sign === undefined || !whole.endsWith(";")) throw new Error(`no entity: ${whole}`);
    return sign;
  });
}
