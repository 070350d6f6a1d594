#!/bin/sh
# JUnit readers of npm read names as numbers: the tests "3.10" and "3.1" become one
#
# Versions: junit2json 4.0.0, test-results-parser 0.4.6, junit-to-ctrf 0.0.14 and junitparser 5.0.3 (which keep names)
# Guess: the name of a test stays a text.
# Seen: junit2json and test-results-parser turn names that look like numbers into numbers. So two rows of a
#   version matrix become one, because 3.10 is 3.1. A message "0" becomes the number 0, which code may take
#   for a missing message. test-results-parser also leaves `&#10;` in a message undecoded.
# Output:
#   junit2json: names 3.1, 3.1; message 0 (number)
#   test-results-parser: names 3.1, 3.1; message "line one&#10;line two" (string)
#   junit-to-ctrf: names "3.10", "3.1"
#   junitparser: names '3.10', '3.1'
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent junit2json@4.0.0 test-results-parser@0.4.6 junit-to-ctrf@0.0.14 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check junitparser==5.0.3

cat >report.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="python" tests="4" failures="2" errors="0" skipped="0" time="2.000">
    <testcase classname="matrix" name="3.10" time="0.500"/>
    <testcase classname="matrix" name="3.1" time="0.500"/>
    <testcase classname="matrix" name="zero" time="0.500"><failure message="0" type="exit">0</failure></testcase>
    <testcase classname="matrix" name="lines" time="0.500"><failure message="line one&#10;line two" type="exit">x</failure></testcase>
  </testsuite>
</testsuites>
XML
cat >main.mjs <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as ctrf from "junit-to-ctrf";
import { parse } from "junit2json";
import * as results from "test-results-parser";

const show = (values) => values.slice(0, 2).map((value) => JSON.stringify(value)).join(", ");
const lines = [];
const [suite] = (await parse(readFileSync("report.xml", "utf8"))).testsuite;
const { message } = suite.testcase[2].failure[0];
const names = suite.testcase.map(({ name }) => name);
lines.push(`junit2json: names ${show(names)}; message ${JSON.stringify(message)} (${typeof message})`);

const { parse: parseResults } = results.default ?? results;
const [{ cases }] = parseResults({ type: "junit", files: ["report.xml"] }).suites;
const told = cases[3].failure;
lines.push(`test-results-parser: names ${show(cases.map(({ name }) => name))}; message ${JSON.stringify(told)} (${typeof told})`);

const { tests } = (await ctrf.convertJUnitToCTRFReport("report.xml")).results;
lines.push(`junit-to-ctrf: names ${show(tests.map(({ name }) => name))}`);

const python = "import junitparser; print(', '.join(repr(c.name) for s in junitparser.JUnitXml.fromfile('report.xml') for c in list(s)[:2]))";
lines.push(`junitparser: names ${execFileSync("venv/bin/python", ["-c", python], { encoding: "utf8" }).trim()}`);

console.log(lines.join("\n"));
const expected = [/names 3\.1, 3\.1; message 0 \(number\)$/, /names 3\.1, 3\.1; .*&#10;line two" \(string\)$/, /"3\.10", "3\.1"$/, /'3\.10', '3\.1'$/];
process.exit(expected.every((form, index) => form.test(lines[index])) ? 0 : 1);
JS
node_modules/.bin/node main.mjs
