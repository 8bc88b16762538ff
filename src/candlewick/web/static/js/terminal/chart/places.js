/** Places in what is sorted, found by halving. */

/**
 * The first place for which something holds that holds for all behind it; the length, where it holds for none.
 * @param {number} length
 * @param {(at: number) => boolean} holds
 */
export function firstWhere(length, holds) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * @param {{time: number}[]} points sorted by time
 * @param {number} time
 * @returns {number} -1 if there is none of that time
 */
export function indexOfTime(points, time) {
  const at = firstWhere(points.length, (middle) => points[middle].time >= time);
  return points[at]?.time === time ? at : -1;
}
