/** Parts of the page that are fetched when they are first wanted: few visits need them, and each has its weight. */

/**
 * @template T
 * @param {() => Promise<T>} make fetches the part and puts it together
 * @param {import("./notices.js").Notices} notices
 * @returns {(use: (part: T) => unknown) => void} what failed is told, and tried again the next time
 */
export function lazily(make, notices) {
  /** @type {Promise<T> | null} */
  let part = null;
  return (use) => {
    part ??= make();
    part.then(use, () => {
      part = null;
      notices.tell("WARNING", "Not loaded", "The server cannot be reached. Try again in a moment.");
    });
  };
}
