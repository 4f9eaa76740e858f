// What few tapes compute of one number or two, as NumPy's ufuncs do.

const signbit = (x) => +(x < 0 || Object.is(x, -0));
export const copysign = (x, y) => (signbit(y) ? -Math.abs(x) : Math.abs(x));
/** To the nearest integer, halves to the even one. */
function rint(x) {
  const y = Math.round(x);
  if (Math.abs(x - Math.trunc(x)) === 0.5 && y % 2) return y - 1;
  return y === 0 ? copysign(0, x) : y;
}
/** With the sign of the divisor, as Python and NumPy have it. */
function remainder(x, y) {
  const r = x % y;
  if (r === 0) return y === 0 ? NaN : copysign(0, y);
  return r < 0 !== y < 0 ? r + y : r;
}
function floor_divide(x, y) {
  if (y === 0) return x / y;
  const quotient = (x - remainder(x, y)) / y, below = Math.floor(quotient);
  if (quotient === 0) return copysign(0, x / y);
  return quotient - below > 0.5 ? below + 1 : below;
}
function logaddexp(x, y) {
  if (x === y) return x + Math.LN2;
  return x > y ? x + Math.log1p(Math.exp(y - x)) : x < y ? y + Math.log1p(Math.exp(x - y)) : NaN;
}
function logaddexp2(x, y) {
  if (x === y) return x + 1;
  const more = (d) => Math.log1p(Math.pow(2, d)) * Math.LOG2E;
  return x > y ? x + more(y - x) : x < y ? y + more(x - y) : NaN;
}
function hypot(x, y) {
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return Infinity;
  return Math.hypot(x, y);
}
function gcd(x, y) {
  [x, y] = [Math.abs(x), Math.abs(y)];
  while (y) [x, y] = [y, x % y];
  return x;
}
const bits = new DataView(new ArrayBuffer(8));
function nextafter(x, y) {
  if (x !== x || y !== y) return NaN;
  if (x === y) return y;
  if (x === 0) return copysign(Number.MIN_VALUE, y);
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x < y === x > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

const spacing = (x) => (Math.abs(x) < Infinity ? nextafter(x, copysign(Infinity, x)) - x : NaN);
/** The exponent of x = m 2**e with 1/2 <= m < 1. */
function exponent(x) {
  if (x === 0 || !(Math.abs(x) < Infinity)) return 0;
  bits.setFloat64(0, x);
  const stored = (bits.getInt16(0) >> 4) & 0x7ff;
  return stored ? stored - 1022 : exponent(x * 2 ** 54) - 54;
}
/** A function of integers, which may be long, bit by bit. */
const ofTwo = (f) => (x, y) => Number(f(BigInt(x), BigInt(y)));
const bitwise_count = (x) => Math.abs(x) && BigInt(Math.abs(x)).toString(2).replaceAll("0", "").length;

/** By name. */
export const furtherFunctions = {
  logical_and: (x, y) => +(x !== 0 && y !== 0), logical_or: (x, y) => +(x !== 0 || y !== 0),
  logical_xor: (x, y) => +((x !== 0) !== (y !== 0)), logical_not: (x) => +(x === 0),
  rint, signbit, copysign, hypot, fmod: (x, y) => x % y, remainder, floor_divide,
  fmax: (x, y) => (x >= y || y !== y ? x : y), fmin: (x, y) => (x <= y || y !== y ? x : y),
  heaviside: (x, y) => (x < 0 ? 0 : x > 0 ? 1 : x === 0 ? y : NaN),
  logaddexp, logaddexp2, gcd, lcm: (x, y) => (x && y ? Math.abs((x / gcd(x, y)) * y) : 0), nextafter,
  spacing, exponent, bitwise_count, bitwise_and: ofTwo((x, y) => x & y),
  bitwise_or: ofTwo((x, y) => x | y), bitwise_xor: ofTwo((x, y) => x ^ y), invert: (x) => -x - 1,
};
