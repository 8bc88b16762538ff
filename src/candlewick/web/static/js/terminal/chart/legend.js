/** The legend: open, high, low, close, volume and indicators of one candle. */

import { compact, fixed, moment } from "../../format.js";
import { byId, element, setText } from "../../cells.js";

export class Legend {
  #box = byId("legend");
  /** @type {Record<string, HTMLElement>} */
  #values = {};
  #extra = element("span", { class: "extra" });

  constructor() {
    this.#values.time = element("span", { class: "time" });
    this.#box.append(this.#values.time);
    for (const [key, letter] of [["open", "O"], ["high", "H"], ["low", "L"], ["close", "C"], ["volume", "V"]]) {
      this.#values[key] = element("span", { class: "value" });
      this.#box.append(element("span", { class: "pair" }, element("span", { class: "dim" }, letter), this.#values[key]));
    }
    this.#box.append(this.#extra);
  }

  /**
   * @param {any} candle
   * @param {number | null} places
   * @param {{name: string, color: string, text: string}[]} indicators
   */
  show(candle, places, indicators) {
    this.#box.hidden = !candle;
    if (!candle) return;
    const way = candle.close >= candle.open ? "up" : "down";
    setText(this.#values.time, moment(candle.time * 1000, candle.time % 60 !== 0));
    for (const key of ["open", "high", "low", "close"]) {
      setText(this.#values[key], fixed(candle[key], places));
      this.#values[key].className = `value ${way}`;
    }
    setText(this.#values.volume, compact(candle.volume));
    this.#showIndicators(indicators);
  }

  /** @param {{name: string, color: string, text: string}[]} indicators */
  #showIndicators(indicators) {
    while (this.#extra.children.length > indicators.length) this.#extra.lastChild.remove();
    indicators.forEach(({ name, color, text }, at) => {
      const pair = this.#extra.children[at] ?? this.#extra.appendChild(element("span", { class: "pair" }, element("span"), element("span", { class: "value" })));
      setText(pair.children[0], name);
      setText(pair.children[1], text);
      /** @type {HTMLElement} */ (pair.children[1]).style.color = color;
    });
  }
}
