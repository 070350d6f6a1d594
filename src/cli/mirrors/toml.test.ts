import { expect, test } from "vitest";
import { readToml, TomlError, TomlRaw } from "./toml.js";

/** The values of a text by their paths. */
function valuesOf(text: string): Record<string, unknown> {
  const values = readToml(text).filter(({ kind }) => kind === "value");
  return Object.fromEntries(values.map(({ path, value }) => [path.join("|"), value]));
}

test("tables, dotted and quoted names give the path of a value", () => {
  const text = [
    "top = true",
    '[registry."docker.io"] # a comment',
    "  mirrors = ['a', \"b\"]",
    "[ a . 'b c' ]",
    'd."e" . f = false',
  ].join("\n");
  expect(valuesOf(text)).toEqual({
    top: true,
    "registry|docker.io|mirrors": ["a", "b"],
    "a|b c|d|e|f": false,
  });
});

test("a value is found at its place", () => {
  const text = 'a = 1 # one\nb = [ "x", # comment ]\n  "y" ]\r\nc = 2';
  const found = readToml(text).map(({ start, end }) => text.slice(start, end));
  expect(found).toEqual(["1", '[ "x", # comment ]\n  "y" ]', "2"]);
});

test("all four kinds of text are read", () => {
  const text = [
    String.raw`a = "tab\t quote\" u\u00e9 U\U0001F6A2"`,
    String.raw`b = 'C:\new'`,
    'c = """\nfirst\n"quoted" \\\n   joined""""',
    "d = '''\nit's\n[not a table]'''",
  ].join("\n");
  expect(valuesOf(text)).toEqual({
    a: 'tab\t quote" ué U🚢',
    b: String.raw`C:\new`,
    c: 'first\n"quoted" joined"',
    d: "it's\n[not a table]",
  });
});

test("numbers and dates are kept as written, inline tables are nested", () => {
  const text =
    "a = 1_000\nb = 1979-05-27 07:32:00Z\nc = { d.e = -0.5, f = {} }\n[[list]]\nx = 0xff";
  expect(valuesOf(text)).toMatchObject({
    a: new TomlRaw("1_000"),
    b: new TomlRaw("1979-05-27 07:32:00Z"),
    c: { d: { e: new TomlRaw("-0.5") }, f: {} },
    "list|x": new TomlRaw("0xff"),
  });
  expect(readToml("[[list]]")[0]?.kind).toBe("array-table");
});

test("a name that objects have of their own is a name like any other", () => {
  const [statement] = readToml("a = { __proto__ = true }");
  expect(Object.keys(statement?.value as object)).toEqual(["__proto__"]);
});

test.each([
  ["a", 1],
  ["a = ", 1],
  ["a = 1 b = 2", 1],
  ["\n[a", 2],
  ["[a]]", 1],
  ["[[a]", 1],
  ['a = "x', 1],
  ['a = """x', 1],
  ["a = 'x\n'", 1],
  [String.raw`a = "\q"`, 1],
  [String.raw`a = "\U00110000"`, 1],
  ["a = [1 2]", 1],
  ["a = {b = 1\n}", 1],
  ["a = {b = 1, b = 2}", 1],
  ["a = {b = 1, b.c = 2}", 1],
  ["ä = 1", 1],
  [`a = ${"[".repeat(100)}${"]".repeat(100)}`, 1],
])("%j is refused with its line", (text, line) => {
  const read = () => readToml(text);
  expect(read).toThrow(TomlError);
  expect(read).toThrow(new RegExp(`^line ${line}: expected `));
});
