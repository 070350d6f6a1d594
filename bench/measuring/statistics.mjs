/** Computes the median of measurements, and their spread. */

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** Returns the median and the two quartiles. @param {number[]} values */
export function spreadOf(values) {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** Returns the 95 % confidence interval of the median, computed from ranks. @param {number[]} values */
export function intervalOfMedian(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return { low: sorted[rank], high: sorted[sorted.length - 1 - rank] };
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}
