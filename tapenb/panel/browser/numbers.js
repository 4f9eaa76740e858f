// Numbers as text, digit for digit as Python's f"{value:.6g}" writes them: the page and a stored
// output say the same.

/** The most significant digits: of a readout, and where many numbers stand side by side. */
export const READOUT_DIGITS = 10;
export const GRAPH_DIGITS = 6;

/**
 * The significant digits of a positive number and its power of ten. JavaScript rounds a tie up;
 * Python rounds it to the even digit. Only what ends in 5 and zeros is a tie: of 53 bits none
 * comes as near to one as the 25 digits that are looked at.
 * @param {number} size
 * @param {number} digits
 * @returns {[digits: string, power: number]}
 */
function significant(size, digits) {
  const [mantissa, power] = size.toExponential(digits - 1).split("e");
  const longer = size.toExponential(digits + 25).replace(".", "");
  if (/^50*$/.test(longer.split("e")[0].slice(digits))) {
    const down = longer.slice(0, digits);
    if (Number(down[digits - 1]) % 2 === 0) return [down, Number(longer.split("e")[1])];
  }
  return [mantissa.replace(".", ""), Number(power)];
}

/**
 * @param {number} value
 * @param {number} [digits]
 * @returns {string} With the hyphen that Python reads back.
 */
export function plain(value, digits = READOUT_DIGITS) {
  if (Number.isNaN(value)) return "nan";
  const sign = value < 0 ? "-" : "", size = Math.abs(value);
  if (size === Infinity) return `${sign}inf`;
  if (size === 0) return "0";
  const [all, power] = significant(size, digits);
  const kept = all.replace(/0+$/, "");
  if (power < -4 || power >= digits) {
    const shown = String(Math.abs(power)).padStart(2, "0");
    const rest = kept.length > 1 ? `.${kept.slice(1)}` : "";
    return `${sign}${kept[0]}${rest}e${power < 0 ? "-" : "+"}${shown}`;
  }
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${kept}`;
  const whole = all.slice(0, power + 1), rest = kept.slice(power + 1);
  return `${sign}${whole}${rest && "."}${rest}`;
}

/** With the minus sign for eyes and screen readers. @param {string} text */
export const drawn = (text) => text.replaceAll("-", "−");

const PART = /[-−+]?\d[\d.]*(?:e[-−+]?\d+)?j?|[-−+]?\p{L}+|./gu;

/**
 * As many of a text's numbers as there is room for, and at least one: a number is never cut.
 * @param {string} text
 * @param {number} most Characters.
 */
export function firstParts(text, most) {
  let first = "";
  if (text.length <= most) return text;
  for (const [part] of text.matchAll(PART)) {
    if (/\w/.test(first) && first.length + part.length >= most) return `${first}…`;
    first += part;
  }
  return text;
}

/**
 * What a point holds as it is shown: a number, or what the kernel wrote for what is none.
 * @param {number | string} value
 * @param {number} [digits]
 */
export function shown(value, digits = READOUT_DIGITS) {
  return typeof value === "number" ? drawn(plain(value, digits)) : value;
}
