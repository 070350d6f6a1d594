/** Tests the check of how we write: which texts it reads, and which faults it finds. */

import { expect, test } from "vitest";
import { checkFiles, checkText } from "../scripts/words/check.mjs";

/** Returns the faults of a text as `line word`. */
function faults(path: string, text: string): string[] {
  return checkText(path, text).map(({ line, word }) => `${line} ${word}`);
}

test.each([
  ["verdict", "classification"],
  ["witnesses", "request trace"],
  ["testimony", "observed exchange"],
  ["a stranger", "unlisted host"],
  ["spared", "avoided requests"],
  ["Refusal", "rejection"],
  ["is none", "there is no"],
  ["is no session", "is not a"],
  ["somebody", "a user"],
  ["whoever", "the caller"],
  ["time-out", "timeout"],
  ["learnt", "learned"],
  ["neighbours", "neighbor"],
  ["unrecognised", "recognize"],
  ["analysed", "analyze"],
  ["labelled", "labeling"],
  ["licence", "license"],
])("%j is a fault, told with what to write instead", (word, instead) => {
  const text = `// Here the word is ${word} in a line.\nrun();\n`;
  const [fault, ...others] = checkText("src/a.ts", text);
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ path: "src/a.ts", line: 1, kind: "comment" });
  expect(fault?.instead).toContain(instead);
});

test("words that only look like those are left alone", () => {
  const text = [
    "/**",
    " * Sends what is no longer used; there is no session. The timeout is over, four colors are left.",
    " * Analyses exist. It spares-not, realistic organisms color the licensed center.",
    " */",
    "run();",
  ].join("\n");
  expect(faults("src/a.ts", text)).toEqual([]);
});

test("code, quotations, links, paths, options and names in code are not prose", () => {
  const page = [
    'Write `verdict`, "a verdict", [a page](docs/verdict.md), tests/verdict.test.ts, --verdict,',
    "https://example.com/verdict and VERDICT_URL, or verdictOf.",
    "",
    "```text",
    "verdict",
    "```",
  ].join("\n");
  expect(faults("docs/a.md", page)).toEqual([]);
});

test("comments, messages and titles are found with the parser, each on its own line", () => {
  const source = [
    'const url = "http://verdict"; // the verdict',
    "const pattern = /[/*] the verdict/;",
    "const text = `first line",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a source.
    '  ${name("a verdict")} and the verdict // no comment`;',
    "/* a verdict */ run();",
  ].join("\n");
  expect(faults("src/a.ts", source)).toEqual(["1 verdict", "4 verdict", "4 verdict", "5 verdict"]);
  expect(faults("tests/a.test.ts", 'test("a verdict", () => say("the verdict"));')).toEqual([
    "1 verdict",
  ]);
});

test("names that programs read, and what other programs have printed, are not messages", () => {
  expect(faults("src/a.ts", 'const reason = "tripped";')).toEqual([]);
  expect(faults("src/a.ts", 'import { a } from "./the verdict.js";')).toEqual([]);
  expect(faults("src/a.ts", 'const rule = { example: "the verdict is in" };')).toEqual([]);
  expect(faults("src/attribution/rules/git.ts", 'const words = "the verdict is in";')).toEqual([]);
  expect(faults("tests/fixtures/a.ts", "// the verdict")).toEqual([]);
});

test("a message that is put together of several texts is read as one", () => {
  const half = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen ";
  const source = `say(\n  "${half}" +\n    "${half}" +\n    "and three more",\n);`;
  expect(checkText("src/a.ts", source)).toMatchObject([
    { line: 2, kind: "message", instead: "sentences of at most 30 words; this one has 31" },
  ]);
});

test("a sentence ends at its full stop, a line break of the text, a cell and an item", () => {
  const some = Array.from({ length: 20 }, () => "word").join(" ");
  expect(faults("src/a.ts", `say("${some}. And ${some}.");`)).toEqual([]);
  expect(faults("src/a.ts", `say("${some}\\n${some}");`)).toEqual([]);
  expect(faults("docs/a.md", `${some}\n\n- ${some}\n- ${some}\n\n| ${some} | ${some} |`)).toEqual(
    [],
  );
  expect(faults("docs/a.md", `\n${some}\nand ${some}`)).toEqual(["2 word word word word word ..."]);
});

test.each([
  "What a call needs",
  "That a call is over",
  "Those of the user",
  "Whether it is open, and not isolated",
])("no comment begins with %j", (beginning) => {
  expect(faults("src/a.ts", `/** ${beginning}. */\ninterface A {}`)).toHaveLength(1);
  expect(faults("src/a.ts", `// ${beginning}.\nrun();`)).toHaveLength(1);
});

test("the comment of a function begins with a verb, that of a property may be a noun", () => {
  const noun = "/** The state of a circuit. */";
  const whether = "/** Whether it is open. */";
  for (const comment of [noun, whether]) {
    expect(faults("src/a.ts", `${comment}\nfunction a() {}`)).toHaveLength(1);
    expect(faults("src/a.ts", `${comment}\nexport const a = () => 1;`)).toHaveLength(1);
    expect(faults("src/a.ts", `class A {\n  ${comment}\n  a() {}\n}`)).toHaveLength(1);
    expect(faults("src/a.ts", `interface A {\n  ${comment}\n  a: string;\n}`)).toEqual([]);
    expect(faults("src/a.ts", `class A {\n  ${comment}\n  get a() { return 1; }\n}`)).toEqual([]);
  }
  expect(faults("src/a.ts", "/** Returns the state. */\nfunction a() {}")).toEqual([]);
  expect(
    faults("src/a.ts", `${noun}\n\nimport b from "b";\n\n/** Reads. */\nfunction a() {}`),
  ).toEqual([]);
});

test("the comments of snippets and of Lua are read, their code is not", () => {
  const page = "Text.\n\n```ts\n// the verdict\nconst verdict = 1;\n```\n";
  expect(faults("docs/a.md", page)).toEqual(["4 verdict"]);
  const lua = "const LUA = `\n-- the verdict\nlocal verdict = 1 + the verdict\n`;";
  expect(faults("src/a.ts", lua)).toEqual(["2 verdict"]);
});

test("the texts of the action are messages", () => {
  expect(faults("action.yml", "inputs:\n  a:\n    description: The verdict.\n")).toEqual([
    "3 verdict",
  ]);
});

test("a path that is asked for is looked at, a folder with all in it", () => {
  expect(checkFiles(["scripts/words", "tests/words.test.ts"])).toEqual([]);
});
