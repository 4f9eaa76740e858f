// What a tape computes of many numbers at once: orders, and the linear algebra of small matrices.

/** NumPy's order: not a number comes last. */
const order = (x, y) => (x < y || (y !== y && x === x) ? -1 : x === y || x !== x ? 0 : 1);

function argmax(row) {
  let best = 0;
  for (let k = 1; k < row.length && row[best] === row[best]; k++) if (!(row[k] <= row[best])) best = k;
  return [best];
}
function put(operands, size) {
  const found = new Array(size).fill(0), count = operands.length / 2;
  for (let k = 0; k < count; k++) {
    const at = operands[k];
    found[at < 0 ? at + size : at] += operands[count + k];
  }
  return found;
}

/** The rows of a matrix. */
const rowsOf = (numbers, columns, count) =>
  Array.from({ length: count }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));

/** Gauss' elimination with partial pivots, in place; returns the determinant. */
function eliminate(rows) {
  const n = rows.length;
  let det = 1;
  for (let j = 0; j < n; j++) {
    let pivot = j;
    for (let i = j + 1; i < n; i++) if (Math.abs(rows[i][j]) > Math.abs(rows[pivot][j])) pivot = i;
    if (pivot !== j) {
      [rows[pivot], rows[j]] = [rows[j], rows[pivot]];
      det = -det;
    }
    det *= rows[j][j];
    if (rows[j][j] === 0) return 0;
    for (let i = j + 1; i < n; i++) {
      const factor = rows[i][j] / rows[j][j];
      for (let k = j; k < rows[i].length; k++) rows[i][k] -= factor * rows[j][k];
    }
  }
  return det;
}
/** A X = B; not a number where A is singular, which the kernel says as an error. */
function solve([n, m, ...numbers]) {
  const left = rowsOf(numbers, n, n), right = rowsOf(numbers.slice(n * n), m, n);
  const rows = left.map((row, i) => [...row, ...right[i]]);
  if (eliminate(rows) === 0) return new Array(n * m).fill(NaN);
  const found = new Array(n * m);
  for (let c = 0; c < m; c++) {
    for (let i = n - 1; i >= 0; i--) {
      let rest = rows[i][n + c];
      for (let k = i + 1; k < n; k++) rest -= rows[i][k] * found[k * m + c];
      found[i * m + c] = rest / rows[i][i];
    }
  }
  return found;
}
const det = ([n, ...numbers]) => [eliminate(rowsOf(numbers, n, n))];

/** The rotation that makes two columns orthogonal, of their products aa, bb, ab. */
function rotation(aa, bb, ab) {
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const c = 1 / Math.hypot(1, t);
  return [c, c * t];
}
function rotate(columns, i, j, c, s) {
  for (let k = 0; k < columns[i].length; k++) {
    const x = columns[i][k], y = columns[j][k];
    columns[i][k] = c * x - s * y;
    columns[j][k] = s * x + c * y;
  }
}
const identity = (n) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j)));
const dot = (x, y) => x.reduce((sum, each, k) => sum + each * y[k], 0);

/** Its sign, by which the largest element of a vector is positive. */
const upright = (vector) => (vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0) < 0 ? -1 : 1);

/** Eigenvalues, ascending, and eigenvectors of a symmetric matrix, by Jacobi's rotations. */
function eigh([n, ...numbers]) {
  const a = rowsOf(numbers, n, n), v = identity(n);   // eigenvectors as rows
  for (let sweep = 0; sweep < 60; sweep++) {
    let turned = false;
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) {
      if (Math.abs(a[i][j]) <= 1e-18 * Math.sqrt(Math.abs(a[i][i] * a[j][j])) || a[i][j] === 0) continue;
      turned = true;
      const [c, s] = rotation(a[i][i], a[j][j], a[i][j]);
      rotate(a, i, j, c, s);
      for (const row of a) [row[i], row[j]] = [c * row[i] - s * row[j], s * row[i] + c * row[j]];
      a[i][j] = a[j][i] = 0;
      rotate(v, i, j, c, s);
    }
    if (!turned) break;
  }
  const places = a.map((_, i) => i).sort((i, j) => a[i][i] - a[j][j]);
  const signs = v.map(upright), vectors = a.flatMap((_, k) => places.map((i) => signs[i] * v[i][k]));
  return [...places.map((i) => a[i][i]), ...vectors];
}
/** U, the singular values and V transposed, by one-sided rotations (Hestenes, 1958). */
function svd([rows, columns, ...numbers]) {
  const wide = columns > rows, tall = wide ? columns : rows, few = wide ? rows : columns;
  const a = rowsOf(numbers, columns, rows);
  // The fewer ones of rows and columns, each of the longer length.
  const u = Array.from({ length: few }, (_, i) =>
    Array.from({ length: tall }, (_, k) => (wide ? a[i][k] : a[k][i])));
  const v = identity(few);
  for (let sweep = 0; sweep < 60; sweep++) {
    let turned = false;
    for (let i = 0; i < few; i++) for (let j = i + 1; j < few; j++) {
      const aa = dot(u[i], u[i]), bb = dot(u[j], u[j]), ab = dot(u[i], u[j]);
      if (Math.abs(ab) <= 1e-17 * Math.sqrt(aa * bb) || ab === 0) continue;
      turned = true;
      const [c, s] = rotation(aa, bb, ab);
      rotate(u, i, j, c, s);
      rotate(v, i, j, c, s);
    }
    if (!turned) break;
  }
  const sizes = u.map((each) => Math.hypot(...each));
  const places = sizes.map((_, i) => i).sort((i, j) => sizes[j] - sizes[i]);
  const signs = (wide ? v : u).map(upright);
  const long = places.map((i) => u[i].map((each) => (signs[i] * each) / sizes[i]));
  const short = places.map((i) => v[i].map((each) => signs[i] * each));
  const [left, right] = wide ? [short, long] : [long, short];
  const leftRows = left[0].map((_, k) => left.map((each) => each[k]));
  return [...leftRows.flat(), ...places.map((i) => sizes[i]), ...right.flat()];
}

/** By name, what computes several numbers of several. */
export const rowFunctions = {
  sort: (row) => [...row].sort(order),
  argsort: (row) => row.map((_, k) => k).sort((i, j) => order(row[i], row[j]) || i - j),
  argmax, argmin: (row) => argmax(row.map((x) => -x)),
  pick: ([which, ...row]) => [row.at(which)],
  put, solve, det, eigh, svd,
};
