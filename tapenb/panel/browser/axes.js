// Axes and paths: pure functions of numbers.

/** @param {number} value */
export const short = (value) => String(Number(value.toPrecision(10)));

/**
 * Round positions for the ticks of an axis.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @returns {number[]}
 */
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const found = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) found.push(i * step || 0);
  return found;
}

/**
 * Where a number is on an axis: 0 at its one end, 1 at the other.
 * @param {number} value
 * @param {[low: number, high: number]} range
 * @param {boolean} [log]
 */
export const partOn = (value, [low, high], log) => (log
  ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));

/** Powers of ten for the ticks of a logarithmic axis. @param {number} low @param {number} high @param {number} most */
export function decades(low, high, most) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / most)), found = [];
  for (let power = first; power <= last; power += step) found.push(Number(`1e${power}`));
  return found;
}

/**
 * The range of a plot: all finite values, without the spikes of a pole, and the point itself.
 * @param {Float64Array} values
 * @param {number | null} value
 * @returns {[number, number]}
 */
export function range(values, value) {
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  value ??= sorted[0] ?? 0;
  let low = value, high = value;
  if (sorted.length) {
    const at = (/** @type {number} */ part) => sorted[Math.round(part * (sorted.length - 1))];
    const inner = at(0.95) - at(0.05);
    low = Math.min(value, Math.max(sorted[0], at(0.05) - inner));
    high = Math.max(value, Math.min(sorted[sorted.length - 1], at(0.95) + inner));
  }
  const margin = (high - low) * 0.08 || Math.abs(value) * 0.1 || 1;
  return [low - margin, high + margin];
}

/**
 * The path of points; broken where there is no value, and cut where coordinates grow absurd.
 * @param {number[][]} points
 */
export function line(points) {
  let path = "", pen = "M";
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) { pen = "M"; continue; }
    path += `${pen}${x.toFixed(1)},${Math.min(1e5, Math.max(-1e5, y)).toFixed(1)}`;
    pen = "L";
  }
  return path;
}

/** @param {number} tick */
export function tidy(tick) {
  const size = Math.abs(tick);
  const text = size >= 1e5 || (size > 0 && size < 1e-3) ? Number(short(tick)).toExponential() : short(tick);
  return text.replace("e+", "e").replaceAll("-", "−");
}
