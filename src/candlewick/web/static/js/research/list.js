/** The list of studies: how far those are that run, and their row anew when their state changes. */

import { Live } from "../live.js";
import { setText } from "../cells.js";

const live = new Live("/ws/");

for (const row of document.querySelectorAll("[data-moving]")) follow(/** @type {HTMLElement} */ (row));

/** @param {HTMLElement} row */
function follow(row) {
  const channel = `jobs:${row.dataset.study}`;
  live.subscribe([channel], ({ type, data }) => {
    if (type === "job_deleted") return row.remove();
    if (data.state && data.state !== row.dataset.state) {
      // a worker took it, or it has ended: the server writes the rows
      return location.reload();
    }
    const progress = row.querySelector("progress");
    if (progress && data.progress !== undefined) progress.value = 100 * data.progress;
  });
}

const compare = /** @type {HTMLButtonElement | null} */ (document.getElementById("compare"));
if (compare) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=id]"));
  const count = () => {
    const chosen = [...boxes].filter((box) => box.checked).length;
    compare.disabled = chosen < 2;
    setText(compare, chosen < 2 ? "Choose two or more to compare" : `Compare these ${chosen}`);
  };
  for (const box of boxes) box.addEventListener("change", count);
  compare.hidden = boxes.length === 0;
  count();
}
if (document.querySelector("[data-moving]")) live.open();
