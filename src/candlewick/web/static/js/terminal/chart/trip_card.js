/** What stands beside the pointer when it is over a trade of a backtest. */

import { element } from "../../cells.js";

export class TripCard {
  /**
   * @param {HTMLElement} plot that the card lies over
   * @param {import("lightweight-charts").IChartApi} chart
   * @param {import("./trips.js").Trips} trips
   * @param {() => number | null} places decimals of the price
   */
  constructor(plot, chart, trips, places) {
    this.plot = plot;
    this.trips = trips;
    this.places = places;
    this.card = plot.appendChild(element("div", { class: "trip-card", hidden: "" }));
    chart.subscribeCrosshairMove(({ point, paneIndex }) => {
      if (!trips.length) return this.hide();
      const at = point && !paneIndex ? trips.under(point.x, point.y) : -1;
      if (at < 0) this.hide();
      else this.show(at, point.x, point.y);
    });
  }

  /**
   * @param {number} at of the trade
   * @param {number} x
   * @param {number} y
   */
  show(at, x, y) {
    this.trips.mark(at);
    const { title, result, isWin, lines } = this.trips.describe(at, this.places());
    this.card.replaceChildren(
      element("p", {}, element("b", {}, title), " ", element("span", { class: isWin ? "up" : "down" }, result)),
      element("dl", {}, ...lines.map(([name, text]) => element("div", {}, element("dt", {}, name), element("dd", {}, text)))),
    );
    this.card.hidden = false;
    const [width, height] = [this.card.offsetWidth, this.card.offsetHeight];
    const left = x + 14 + width < this.plot.clientWidth ? x + 14 : Math.max(4, x - width - 14);
    this.card.style.insetInlineStart = `${left}px`;
    this.card.style.insetBlockStart = `${Math.max(4, Math.min(y + 14, this.plot.clientHeight - height - 4))}px`;
  }

  hide() {
    this.trips.mark(-1);
    this.card.hidden = true;
  }
}
