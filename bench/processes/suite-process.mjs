/** Runs one suite in a process of its own, so that suites do not share compiled code or a heap. */

const [name, url, effort] = process.argv.slice(2);
const suite = await import(url);
const { rows, figures } = await suite.run(JSON.parse(effort));
process.send({ name, title: suite.title, note: suite.note, rows, figures }, () => process.exit(0));
