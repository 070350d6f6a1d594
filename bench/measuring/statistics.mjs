/** Computes the median of measurements, and their spread. */

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** Returns the median and the quartiles around it. @param {number[]} values */
export function spreadOf(values) {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}
