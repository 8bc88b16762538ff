/** The equity curve as the server sampled it, and at its end what the account is worth now. */

import { Curve } from "../performance/curve.js";

const STEP_S = 60; // as the server samples: within it the last point moves
const REDRAW_MS = 1_000;

export class Growing {
  #due = 0;

  /**
   * @param {HTMLElement} place
   * @param {{currency: string, data: [number[], number[]]}} drawn
   */
  constructor(place, drawn) {
    this.place = place;
    this.drawn = drawn;
    this.times = drawn.data[0];
    this.values = drawn.data[1];
    this.sampled = this.times.length;
    /** @type {Curve | null} */
    this.curve = null;
    if (this.sampled) this.#draw();
  }

  /** @param {{total_value: number | null, timestamp: string}} portfolio */
  take({ total_value: value, timestamp }) {
    if (value === null) return;
    const now = Math.floor(Date.parse(timestamp) / 1000);
    const last = this.times.at(-1) ?? 0;
    if (this.times.length > this.sampled && now - (this.times.at(-2) ?? 0) < STEP_S) this.#drop();
    else if (now <= last) return;
    this.times.push(now);
    this.values.push(value);
    this.#due ||= setTimeout(() => this.#draw(), REDRAW_MS);
  }

  #drop() {
    this.times.pop();
    this.values.pop();
  }

  #draw() {
    this.#due = 0;
    const data = /** @type {[number[], number[]]} */ ([this.times, this.values]);
    if (this.curve) this.curve.plot.setData(data);
    else this.curve = new Curve(this.place, { title: this.drawn.currency, data, color: "#ffd700", fill: "rgba(255, 215, 0, .07)", unit: "" });
  }
}
