// Contours of a grid of numbers, and what touches a surface: pure functions of numbers.

/** @typedef {[x: number, y: number]} Place */

/**
 * Where a surface has a height, as pieces of lines: marching squares. A cell with a missing corner
 * has none, nor one that a pole crosses.
 * @param {Float64Array} heights Row by row, from the lowest y.
 * @param {number} columns
 * @param {number} level
 * @param {number} cliff Steps between neighbours above this are no slope.
 * @returns {[Place, Place][]} In columns and rows.
 */
export function contour(heights, columns, level, cliff = Infinity) {
  /** @type {[Place, Place][]} */
  const found = [];
  const rows = heights.length / columns;
  for (let j = 0; j + 1 < rows; j++) for (let i = 0; i + 1 < columns; i++) {
    const at = j * columns + i;
    const corners = [heights[at], heights[at + 1], heights[at + columns + 1], heights[at + columns]];
    if (!corners.every(Number.isFinite)) continue;
    if (Math.max(...corners) - Math.min(...corners) > cliff) continue;
    const cuts = /** @type {Place[]} */ ([]);
    corners.forEach((a, k) => {
      const b = corners[(k + 1) % 4];
      if ((a < level) === (b < level)) return;
      const part = (level - a) / (b - a);
      cuts.push(/** @type {Place[]} */ (
        [[i + part, j], [i + 1, j + part], [i + 1 - part, j + 1], [i, j + 1 - part]])[k]);
    });
    if (cuts.length === 2) found.push([cuts[0], cuts[1]]);
    if (cuts.length < 4) continue;
    // A saddle: the middle says which corners belong together.
    const high = (corners[0] + corners[1] + corners[2] + corners[3]) / 4 >= level;
    const [a, b, c, d] = high === (corners[0] >= level) ? [0, 1, 2, 3] : [3, 0, 1, 2];
    found.push([cuts[a], cuts[b]], [cuts[c], cuts[d]]);
  }
  return found;
}

/**
 * The eigenvalues of a symmetric matrix of two rows, the larger one first, and its direction.
 * @param {number} a @param {number} b Beside the diagonal. @param {number} d
 * @returns {{values: [number, number], angle: number}}
 */
export function eigen(a, b, d) {
  const middle = (a + d) / 2, half = Math.hypot((a - d) / 2, b);
  return { values: [middle + half, middle - half], angle: Math.atan2(2 * b, a - d) / 2 };
}

/**
 * Newton's step to where the gradient is zero; null where the second derivatives tell none.
 * @param {[number, number]} gradient
 * @param {[number, number, number]} second By x twice, by both, by y twice.
 * @returns {Place | null}
 */
export function newtonStep([p, q], [a, b, d]) {
  const determinant = a * d - b * b;
  if (Math.abs(determinant) <= 1e-12 * (Math.abs(a * d) + b * b)) return null;
  return [(b * q - d * p) / determinant, (b * p - a * q) / determinant];
}

/** What the two curvatures make of a point. @param {[number, number]} values */
export function shape([larger, smaller]) {
  if (smaller > 0) return "curved upward everywhere";
  if (larger < 0) return "curved downward everywhere";
  return larger > 0 && smaller < 0 ? "a saddle" : "flat in one direction";
}
