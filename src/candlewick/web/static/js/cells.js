/** Cells that change: text only when it differs, and a brief flash in the direction of the move. */

/**
 * The element that an event came from.
 * @param {Event} event
 */
export function targetOf(event) {
  return /** @type {HTMLElement} */ (event.target);
}

/** @type {WeakMap<Element, number>} */
const shown = new WeakMap();

/**
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Show a number and flash it up or down against what the cell showed before.
 * @param {HTMLElement} element
 * @param {number | null | undefined} value
 * @param {string} text
 */
export function setPrice(element, value, text) {
  const before = shown.get(element);
  setText(element, text);
  if (value === null || value === undefined) {
    shown.delete(element);
    return;
  }
  shown.set(element, value);
  if (before !== undefined && value !== before) flash(element, value > before ? "up" : "down");
}

/**
 * Forget what a cell showed: the next value is another instrument's, and no move.
 * @param {Element} element
 */
export function forget(element) {
  shown.delete(element);
}

const COLORS = { up: "#2ed28e", down: "#ff7382" };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {HTMLElement} element
 * @param {"up" | "down"} way
 */
function flash(element, way) {
  if (calm.matches) return;
  element.animate([{ color: COLORS[way] }, { color: COLORS[way], offset: 0.4 }, {}], { duration: 700 });
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * The element the page must have.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}.`);
  return found;
}

/**
 * The one element that a part of the page must have.
 * @param {ParentNode} within
 * @param {string} selector
 * @returns {any}
 */
export function part(within, selector) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`There is no ${selector} where it has to be.`);
  return found;
}

/**
 * What a panel says about its data: `live` shows it, anything else says why not.
 * @param {HTMLElement} panel
 * @param {"loading" | "live" | "stale" | "disconnected" | "empty" | "error"} state
 * @param {string} [text]
 */
export function setState(panel, state, text = "") {
  if (panel.dataset.state !== state) panel.dataset.state = state;
  const veil = panel.querySelector(".veil");
  if (!veil) return;
  setText(veil, text);
  veil.toggleAttribute("hidden", text === "");
}
