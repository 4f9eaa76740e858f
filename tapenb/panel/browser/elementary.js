// What a tape computes of one number or two, as NumPy's ufuncs do.

/** As C has it: 1 for a base of 1 and any exponent, 1 for -1 and infinity. */
function power(x, y) {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return Math.pow(x, y);
}
/** By name, what computes one number of one or two. */
export const elementaryFunctions = {
  less: (x, y) => +(x < y), less_equal: (x, y) => +(x <= y),
  greater: (x, y) => +(x > y), greater_equal: (x, y) => +(x >= y),
  equal: (x, y) => +(x === y), not_equal: (x, y) => +(x !== y),
  isnan: (x) => +(x !== x), isinf: (x) => +(Math.abs(x) === Infinity), isfinite: (x) => +(Math.abs(x) < Infinity),
  absolute: Math.abs, sign: Math.sign, floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc,
  sqrt: Math.sqrt, cbrt: Math.cbrt, exp: Math.exp, exp2: (x) => Math.pow(2, x), expm1: Math.expm1,
  log: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p,
  sin: Math.sin, cos: Math.cos, tan: Math.tan, arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan,
  sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh,
  arcsinh: Math.asinh, arccosh: Math.acosh, arctanh: Math.atanh,
  arctan2: Math.atan2, power, maximum: (x, y) => Math.max(x, y), minimum: (x, y) => Math.min(x, y),
};
