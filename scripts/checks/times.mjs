/** Prints how long sections and test files took. */

/** How many files the table lists. The other files share one row. */
const ROWS = 40;

/**
 * Prints a table of sections, and a table of the slowest files. Files of one section run in parallel, so
 * their times overlap.
 */
export function tellTimes(sections, files) {
  console.log("\n| section | seconds |\n| --- | ---: |");
  for (const { title, seconds } of sections) console.log(`| ${title} | ${seconds.toFixed(1)} |`);
  const sorted = [...files].sort((one, other) => other.seconds - one.seconds);
  console.log("\n| file | section | seconds |\n| --- | --- | ---: |");
  for (const { file, section, seconds } of sorted.slice(0, ROWS)) {
    console.log(`| ${file} | ${section} | ${seconds.toFixed(1)} |`);
  }
  const rest = sorted.slice(ROWS);
  const seconds = rest.reduce((sum, row) => sum + row.seconds, 0);
  console.log(`| ${rest.length} others | | ${seconds.toFixed(1)} |`);
}
