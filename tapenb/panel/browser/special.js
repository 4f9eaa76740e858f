// The special functions that Math has not, of one number or two.
//
// Chebyshev series where a function is smooth, with coefficients from mpmath; elsewhere recurrences
// and asymptotic series (DLMF 5.11, 7.6, 25.11). `tests/panel/test_special.py` holds each against
// mpmath.

import { ERFCX, GAMMA, LGAMMA1, LGAMMA2, PSI, PSI_ROOT, I0_NEAR, I0_FAR, I1_NEAR, I1_FAR } from "./coefficients.js";
import { copysign } from "./further.js";

const { abs, exp, expm1, log, log1p, floor, sqrt, pow, sin, tan, PI, SQRT1_2 } = Math;

/** A Chebyshev series on [low, high], by Clenshaw's recurrence. */
function series(coefficients, x, low, high) {
  const t = (2 * x - low - high) / (high - low);
  let b = 0, c = 0;
  for (let k = coefficients.length - 1; k > 0; k--) [b, c] = [coefficients[k] + 2 * t * b - c, b];
  return coefficients[0] + t * b - c;
}

/** A power series, the constant term first. */
const polynomial = (x, ...c) => c.reduceRight((sum, each) => sum * x + each, 0);

// -- error functions -------------------------------------------------------------------------------

/** A number times exp(y), where |y| is small: one rounding that counts instead of two. */
const scaled = (x, y) => x + x * expm1(y);
/** exp(-x*x/c), c a power of 2, where x*x is rounded: the rest of the square in a second factor. */
function gaussian(x, c = 1) {
  const head = Math.fround(x), tail = x - head;
  return scaled(exp((-head * head) / c), (-tail * (head + x)) / c);
}
/** For |x| <= 1, of positive terms alone (DLMF 7.6.2). */
function erf_near(x) {
  const square = 2 * x * x;
  let sum = 0;
  for (let n = 24; n > 0; n--) sum = (square / (2 * n + 1)) * (1 + sum);
  return (2 / sqrt(PI)) * gaussian(x) * (x + x * sum);
}
/** For x >= 1/2. */
const erfcx_far = (x) => (x === Infinity ? 0
  : series(ERFCX, (x - 3.75) / (x + 3.75), -1, 1) / (1 + 2 * x));
function erf(x) {
  const a = abs(x);
  if (!(a >= 1)) return erf_near(x);
  return copysign(a > 6 ? 1 : 1 - gaussian(a) * erfcx_far(a), x);
}
function erfc(x) {
  if (!(x >= 0.5)) return x < -1 ? 2 - erfc(-x) : 1 - erf_near(x);
  return x > 28 ? 0 : gaussian(x) * erfcx_far(x);
}
function erfcx(x) {
  if (x >= 0.5) return erfcx_far(x);
  return x < -27 ? Infinity : erfc(x) / gaussian(x);
}
const FAR = 3.75 * Math.SQRT2;
/** The normal distribution's tail beyond x >= SQRT1_2. */
const tail = (x) => (x > 39 ? 0
  : (SQRT1_2 / 2) * gaussian(x, 2) * series(ERFCX, (x - FAR) / (x + FAR), -1, 1) / (x + SQRT1_2));
const ndtr = (x) => (x < -1 ? tail(-x) : x > 1 ? 1 - tail(x) : 0.5 * erfc(-x * SQRT1_2));
const log_ndtr = (x) => (x < -1 ? log(erfcx(-x * SQRT1_2) / 2) - (x * x) / 2
  : log1p(x > 0.75 ? -tail(x) : -0.5 * erfc(x * SQRT1_2)));

// -- gamma functions -------------------------------------------------------------------------------

const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
const SQRT_2PI = 2.5066282746310002;
/** By how much, of itself, it is too small. */
const SQRT_2PI_REST = 1.040455071400101e-16;

/** What Stirling's formula lacks, for x >= 12. */
const correction = (x) => polynomial(1 / (x * x), ...STIRLING) / x;

function gamma(x) {
  if (x === floor(x) && x <= 0) return x === 0 ? 1 / x : NaN;
  if (x < 0.5) return PI / (sine(x) * gamma(1 - x));
  if (x > 171.7) return Infinity;
  if (x >= 12) {
    const rest = correction(x) + SQRT_2PI_REST;
    if (x < 140) return scaled(SQRT_2PI * pow(x, x - 0.5) * exp(-x), rest);
    // The power in two halves, which do not overflow before their product does.
    const half = pow(x, x / 2 - 0.25);
    return scaled(SQRT_2PI * half * exp(-x) * half, rest);
  }
  let product = 1;
  while (x > 2) product *= --x;
  if (x < 1) product /= x++;
  return product * series(GAMMA, x, 1, 2);
}
/** sin(pi x), of the distance to the nearest integer. */
function sine(x) {
  const whole = Math.round(x);
  return (whole % 2 ? -1 : 1) * sin(PI * (x - whole));
}
function gammaln(x) {
  if (abs(x) === Infinity) return Infinity;
  if (x <= 0) return x === floor(x) ? Infinity : log(PI / abs(sine(x))) - gammaln(1 - x);
  if (x < 0.5) return gammaln(1 + x) - log(x);
  if (x < 1.5) return (x - 1) * series(LGAMMA1, x, 0.5, 1.5);
  if (x < 2.5) return (x - 2) * series(LGAMMA2, x, 1.5, 2.5);
  if (x < 12) return log(gamma(x));
  return (x - 0.5) * log(x) - x + log(SQRT_2PI) + correction(x);
}
function psi(x) {
  if (x <= 0) {
    if (x === floor(x)) return x === 0 ? -1 / x : NaN;
    return psi(1 - x) - PI / tan(PI * (x - Math.round(x)));
  }
  if (x >= 10) {
    const s = 1 / (x * x);
    const rest = polynomial(s, 1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12);
    return log(x) - 0.5 / x - s * rest;
  }
  let sum = 0;
  while (x > 2) sum += 1 / --x;
  if (x < 1) sum -= 1 / x++;
  return sum + (x - PSI_ROOT[0] - PSI_ROOT[1]) * series(PSI, x, 1, 2);
}
const BERNOULLI = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000,
  1 / 74724249600, -3617 / 10670622842880000];
/** Hurwitz' zeta function by Euler and Maclaurin (DLMF 25.11.5), s > 1. */
function _zeta(s, q) {
  if (!(s > 1)) return s === 1 ? Infinity : NaN;
  if (q <= 0) {
    if (q === floor(q)) return Infinity;
    if (s !== floor(s) || q < -1e4) return NaN;
  }
  let sum = 0, a = q;
  while (a < 12 + s) sum += pow(a++, -s);
  sum += pow(a, 1 - s) / (s - 1) + 0.5 * pow(a, -s);
  let term = s * pow(a, -s - 1);
  for (let k = 0; k < BERNOULLI.length; k++) {
    sum += BERNOULLI[k] * term;
    term *= ((s + 2 * k + 1) * (s + 2 * k + 2)) / (a * a);
  }
  return sum;
}

// -- logistic functions and entropies --------------------------------------------------------------

const expit = (x) => 1 / (1 + exp(-x));
const log_expit = (x) => (x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x)));
function logit(x) {
  if (x < 0.3 || x > 0.65) return log(x / (1 - x));
  return log1p(2 * (x - 0.5)) - log1p(-2 * (x - 0.5));
}
const xlogy = (x, y) => (x === 0 && y === y ? 0 : x * log(y));
const xlog1py = (x, y) => (x === 0 && y === y ? 0 : x * log1p(y));
const entr = (x) => (x > 0 ? -x * log(x) : x === 0 ? 0 : x < 0 ? -Infinity : NaN);

// -- modified Bessel functions ---------------------------------------------------------------------

/** Of positive terms alone (DLMF 10.25.2), for |x| <= 2, times the first. */
function power_series(x, order) {
  let sum = 0;
  for (let k = 16; k > 0; k--) sum = ((x * x) / (4 * k * (k + order))) * (1 + sum);
  return 1 + sum;
}
function i0e(x) {
  const a = abs(x);
  if (a <= 2) return exp(-a) * power_series(a, 0);
  return a <= 8 ? series(I0_NEAR, a, 2, 8) : series(I0_FAR, 8 / a, 0, 1) / sqrt(a);
}
function i1e(x) {
  const a = abs(x);
  if (a <= 2) return exp(-a) * (x / 2) * power_series(a, 1);
  return Math.sign(x) * (a <= 8 ? series(I1_NEAR, a, 2, 8) : series(I1_FAR, 8 / a, 0, 1) / sqrt(a));
}
const i0 = (x) => exp(abs(x)) * i0e(x);
const i1 = (x) => exp(abs(x)) * i1e(x);

/** By name, the functions of one number or two. */
export const specialFunctions = {
  erf, erfc, erfcx, ndtr, log_ndtr, gamma, gammaln, psi, _zeta,
  expit, log_expit, logit, xlogy, xlog1py, entr, i0, i1, i0e, i1e,
};
