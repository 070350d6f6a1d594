/** Tests that the tables of options and fields in docs/ match the types. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { ROOT } from "./project.js";

/**
 * A table of a page. The comment before the table names the types, as `options: FILE TYPE...` or
 * `fields: FILE TYPE...`.
 */
interface DocumentedTable {
  readonly place: string;
  readonly kind: string;
  readonly file: string;
  readonly types: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A member of a type, with the default values in its doc comment. */
interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly defaultNumbers: readonly string[];
}

const tables = readdirSync(join(ROOT, "docs"))
  .filter((page) => page.endsWith(".md"))
  .flatMap(tablesOf);

test("there are tables of options and of fields", () => {
  expect(new Set(tables.map(({ kind }) => kind))).toEqual(new Set(["options", "fields"]));
});

test.each(tables)("the table of $types in $place names every one of the $kind", (table) => {
  const named = table.rows.flatMap(([first = ""]) => names(first));
  const members = table.types.flatMap((type) => membersOf(table.file, type));
  const there = members.map(({ name }) => name).filter((name) => !/^__/.test(name));
  expect([...named].sort()).toEqual([...new Set(there)].sort());
});

test.each(tables.filter(({ kind }) => kind === "options"))(
  "the table of $types in $place has each default of the doc comments",
  ({ file, types, rows }) => {
    const members = types.flatMap((type) => membersOf(file, type));
    for (const [first = "", , told = ""] of rows) {
      const member = members.find(({ name }) => names(first).includes(name));
      expect.soft(told === "required", `${first} is required`).toBe(member?.required);
      for (const number of member?.defaultNumbers ?? []) expect.soft(told, first).toContain(number);
    }
  },
);

function tablesOf(page: string): DocumentedTable[] {
  const text = readFileSync(join(ROOT, "docs", page), "utf8");
  const found = text.matchAll(/<!-- (options|fields): (\S+) ([\w ]+?) -->\n\n((?:\|.*\n?)+)/g);
  return [...found].map(([, kind = "", file = "", types = "", table = ""]) => ({
    place: `docs/${page}`,
    kind,
    file,
    types: types.split(" "),
    rows: table
      .trimEnd()
      .split("\n")
      .slice(2)
      .map((row) =>
        row
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  }));
}

function names(cell: string): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
}

/** Returns the declared members of an interface or class. Private and internal members are left out. */
function membersOf(file: string, type: string): Member[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const declaration = source.statements.find(
    (one) =>
      (ts.isInterfaceDeclaration(one) || ts.isClassDeclaration(one)) && one.name?.text === type,
  );
  if (!declaration) throw new Error(`${file} has no ${type}`);
  const { members } = declaration as ts.InterfaceDeclaration | ts.ClassDeclaration;
  return [...members].flatMap((member) => {
    const declares = ts.isPropertySignature(member) || ts.isPropertyDeclaration(member);
    if (!declares || !ts.isIdentifier(member.name)) return [];
    const comment = text
      .slice(member.getFullStart(), member.getStart())
      .replace(/\s*\n\s*\* ?/g, " ");
    const [, standard = ""] = /Default: (.*?)(?:\.(?:\s|$)|\*\/)/.exec(comment) ?? [];
    const defaultNumbers = standard.match(/\d[\d,.]*\d|\d/g) ?? [];
    const required =
      member.questionToken === undefined && !/undefined/.test(member.type?.getText() ?? "");
    return [{ name: member.name.text, required, defaultNumbers }];
  });
}

test("the table of errors in docs/breaker.md names each class with its code", () => {
  const page = readFileSync(join(ROOT, "docs/breaker.md"), "utf8");
  const classes = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => readFileSync(join(ROOT, "src", path), "utf8"))
    .flatMap((text) => [...text.matchAll(/nameErrorClass\((\w+), "\w+"\)/g)])
    .map(([, name = ""]) => name)
    .filter((name) => name !== "CircuitBreakerError");
  const rows = [...page.matchAll(/^\| `(\w+Error)` +\| `[A-Z_]+` +\|/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(classes.sort());
});
