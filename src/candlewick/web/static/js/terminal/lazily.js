/** Parts of the page that are fetched when they are first wanted: few visits need them, and each has its weight. */

/**
 * @template T
 * @param {() => Promise<T>} make fetches the part and puts it together
 * @param {(sentence: string) => void} failed is told what went wrong; it is tried again the next time
 * @returns {(use: (part: T) => unknown) => void}
 */
export function lazily(make, failed) {
  /** @type {Promise<T> | null} */
  let part = null;
  return (use) => {
    part ??= make();
    part.then(use, () => {
      part = null;
      failed("The server cannot be reached. Try again in a moment.");
    });
  };
}
