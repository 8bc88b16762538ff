/** The legend: open, high, low, close and volume of one candle, and each indicator's name and figures. */

import { element, part, setText, targetOf } from "../../cells.js";
import { compact, fixed, moment } from "../../format.js";

const PANE_GAP_PX = 5;

/** @typedef {import("./study.js").Study} Study */

export class Legend {
  #box;
  /** @type {Record<string, HTMLElement>} */
  #values = {};
  #overPrices = element("span", { class: "extra" });
  /** @type {Map<string, HTMLElement>} a row for each indicator, by key */
  #rows = new Map();
  #order = "";

  /**
   * @param {HTMLElement} plot that it lies over
   * @param {import("../../charted.js").Charted} charted who is told what is pressed here
   */
  constructor(plot, charted) {
    this.plot = plot;
    this.#box = part(plot, ".legend");
    this.charted = charted;
    this.#values.time = element("span", { class: "time" });
    this.#box.append(this.#values.time);
    for (const [key, letter] of [["open", "O"], ["high", "H"], ["low", "L"], ["close", "C"], ["volume", "V"]]) {
      this.#values[key] = element("span", { class: "value" });
      this.#box.append(element("span", { class: "pair" }, element("span", { class: "dim" }, letter), this.#values[key]));
    }
    this.#box.append(this.#overPrices);
    plot.addEventListener("click", (event) => this.#click(event));
  }

  /**
   * @param {any} candle
   * @param {number | null} places
   * @param {Study[]} studies
   * @param {import("lightweight-charts").MouseEventParams | null} pointed
   * @param {import("lightweight-charts").IPaneApi<any>[]} panes
   */
  show(candle, places, studies, pointed, panes) {
    this.#box.hidden = !candle;
    this.#showStudies(studies, pointed, panes);
    if (!candle) return;
    const way = candle.close >= candle.open ? "up" : "down";
    setText(this.#values.time, moment(candle.time * 1000, candle.time % 60 !== 0));
    for (const key of ["open", "high", "low", "close"]) {
      setText(this.#values[key], fixed(candle[key], places));
      this.#values[key].className = `value ${way}`;
    }
    setText(this.#values.volume, compact(candle.volume));
  }

  /**
   * @param {Study[]} studies
   * @param {import("lightweight-charts").MouseEventParams | null} pointed
   * @param {import("lightweight-charts").IPaneApi<any>[]} panes
   */
  #showStudies(studies, pointed, panes) {
    this.#keep(studies);
    const tops = panes.reduce((found, pane) => [...found, found.at(-1) + pane.getHeight() + 1], [0]);
    for (const study of studies) {
      const row = this.#rows.get(study.key);
      if (study.isOwn) row.style.insetBlockStart = `${tops[study.pane.paneIndex()] + PANE_GAP_PX}px`;
      study.figures(pointed).forEach(({ color, text }, at) => {
        const value = /** @type {HTMLElement} */ (row.children[at + 1]);
        setText(value, text);
        if (value.style.color !== color) value.style.color = color;
      });
    }
  }

  /**
   * As many rows as there are indicators, in their order.
   * @param {Study[]} studies
   */
  #keep(studies) {
    const order = studies.map(({ key }) => key).join(",");
    if (order === this.#order) return;
    this.#order = order;
    for (const [key, row] of this.#rows) {
      if (studies.some((study) => study.key === key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    for (const study of studies) {
      const row = this.#rows.get(study.key) ?? this.#row(study);
      this.#rows.set(study.key, row);
      if (study.isOwn) this.plot.append(row);
      else this.#overPrices.append(row);
    }
  }

  /** @param {Study} study */
  #row(study) {
    const { key, title, isOwn } = study;
    return element(
      "span",
      { class: isOwn ? "study legend of-pane" : "study", "data-key": key },
      element("button", { type: "button", class: "name", title: `Settings of ${title}`, "data-action": "settings" }, title),
      ...study.figures(null).map(({ name }) => element("span", { class: "value", title: name.replaceAll("_", " ") })),
      element("button", { type: "button", class: "away", title: `Remove ${title}`, "aria-label": `Remove ${title}`, "data-action": "remove" }, "✕"),
    );
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const button = /** @type {HTMLElement | null} */ (targetOf(event).closest(".study [data-action]"));
    const key = /** @type {HTMLElement | null} */ (button?.closest(".study"))?.dataset.key;
    if (!button || !key) return;
    if (button.dataset.action === "remove") this.charted.remove(key);
    else this.charted.dispatchEvent(new CustomEvent("settings", { detail: key }));
  }
}
