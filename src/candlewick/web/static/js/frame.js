/**
 * One repaint a frame: callers say what is due under a key, the newest wins, and everything due is
 * painted in the next animation frame. A hidden page paints nothing and queues no more than one
 * entry a key.
 */

/** @type {Map<unknown, () => void>} */
const due = new Map();
let isScheduled = false;

function paintAll() {
  isScheduled = false;
  const paints = [...due.values()];
  due.clear();
  for (const paint of paints) {
    try {
      paint();
    } catch (error) {
      reportError(error); // one panel's fault is no reason for the others to stand still
    }
  }
}

/**
 * @param {unknown} key what is to be painted; a later call with the same key replaces this one
 * @param {() => void} paint
 */
export function draw(key, paint) {
  due.set(key, paint);
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(paintAll);
}
