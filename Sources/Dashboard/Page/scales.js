// Scales from values to pixels, ticks of an axis, and searching and smoothing series.

export function linearScale(domain, range) {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const factor = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0);
  const scale = (value) => r0 + (value - d0) * factor;
  scale.invert = (pixel) => (factor === 0 ? d0 : d0 + (pixel - r0) / factor);
  return scale;
}

export function logScale(domain, range) {
  const inner = linearScale(domain.map(Math.log10), range);
  return (value) => inner(Math.log10(value));
}

/** Returns about `wanted` round numbers within a domain. */
export function linearTicks([low, high], wanted, isWhole = false) {
  // Steps that are smaller than the precision of the values would be counted forever.
  if (!(high - low > 1e-12 * Math.max(Math.abs(low), Math.abs(high)))) return [low];
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
  if (isWhole) step = Math.max(1, Math.round(step));
  const ticks = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}

/** Returns powers of ten, with multiples of 2 and 5 if the domain spans few of them. */
export function logTicks([low, high], wanted) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / Math.max(1, wanted)));
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = first; power <= last; power += every) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(12));
      if (value >= low * 0.9999 && value <= high * 1.0001) ticks.push(value);
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks([low, high], wanted).filter((value) => value > 0);
}

/** Returns the domain of values with a margin, which a constant gets too; null if there are no values. */
export function domainOf(values, isLog) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value) || (isLog && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return null;
  if (isLog) {
    if (high / low < 1.000001) return [low / 2, high * 2];
    const margin = Math.max(1.02, (high / low) ** 0.05);
    return [low / margin, high * margin];
  }
  // Values that differ by rounding alone, such as a single one and its smoothed one, are one value.
  const isConstant = high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  const margin = isConstant ? Math.abs(high) * 0.1 || 1 : (high - low) * 0.06;
  // If no value is negative, the margin does not extend below 0.
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

/** Returns the index of the last entry of a sorted list that is not above a value; -1 if all are above it. */
export function lastNotAbove(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Returns the index of the entry of a sorted list that is nearest to a value. */
export function nearest(sorted, value) {
  const index = lastNotAbove(sorted, value);
  if (index < 0) return 0;
  if (index + 1 >= sorted.length) return index;
  return value - sorted[index] <= sorted[index + 1] - value ? index : index + 1;
}

/** Returns an exponential moving average without bias at the start. `weight`, from 0 to below 1, is that of the past. */
export function smoothed(values, weight) {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return norm > 0 ? sum / norm : null;
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return sum / norm;
  });
}
