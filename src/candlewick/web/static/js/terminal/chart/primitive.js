/** What we draw on a chart by our own hand: it hangs on a series, and draws itself when the chart does. */

export class Primitive {
  /** Where it hangs, if it does. @type {import("lightweight-charts").SeriesAttachedParameter<any> | null} */
  where = null;
  #views;

  /** @param {"top" | "normal" | "bottom"} order above the candles, where its own series would be drawn, or under all */
  constructor(order) {
    const renderer = { draw: (/** @type {any} */ target) => this.draw(target) };
    this.#views = [{ zOrder: () => order, renderer: () => renderer }];
  }

  /**
   * @abstract
   * @param {any} _target
   */
  draw(_target) {}

  /** Something of it is other than it was drawn. */
  redraw() {
    this.where?.requestUpdate();
  }

  /** @param {import("lightweight-charts").SeriesAttachedParameter<any>} where */
  attached(where) {
    this.where = where;
  }

  detached() {
    this.where = null;
  }

  paneViews() {
    return this.#views;
  }
}
