/** One line over time, drawn by uPlot: in the palette, as wide as its place, its cursor shared with the others. */

import uPlot from "uplot";
import { fixed, moment } from "../format.js";

const TEXT = "#ada699";
const GRID = "#1f1e1c";
const FONT = '11px "JetBrains Mono", ui-monospace, Menlo, Consolas, monospace';
const DAY_S = 86_400;
const HALF_A_DAY_S = DAY_S / 2; // on both sides of what is alone
const SHORTEST_S = 600; // of an axis: what has just begun stands at its end

/** @typedef {{title: string, data: [number[], number[]], color: string, fill: string, unit: string}} Drawn */

export class Curve {
  /**
   * @param {HTMLElement} place
   * @param {Drawn} drawn
   */
  constructor(place, drawn) {
    this.place = place;
    const isDaily = drawn.data[0].every((time) => time % DAY_S === 0);
    /** @type {import("uplot").Options} */
    const options = {
      ...this.#size(),
      padding: [12, 40, 0, 0], // on the right half of the widest time, `11-21 00:00`
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      cursor: { sync: { key: "performance", setSeries: false }, y: false, drag: { x: true, y: false } },
      legend: { live: true },
      scales: { x: { range: (_plot, first, last) => (first === last ? [first - HALF_A_DAY_S, last + HALF_A_DAY_S] : [Math.min(first, last - SHORTEST_S), last]) }, y: { range: (_plot, low, high) => padded(low, high, drawn.unit === "%") } },
      series: [
        { label: "Time", value: (plot, _seconds, at, index) => moment(shownBy(plot, at, index) * 1000).slice(0, isDaily ? 10 : 16) },
        {
          label: drawn.title,
          stroke: drawn.color,
          width: 1.5,
          fill: drawn.fill,
          points: { show: drawn.data[0].length < 2 },
          value: (plot, _value, at, index) => written(shownBy(plot, at, index), drawn.unit),
        },
      ],
      axes: [
        { stroke: TEXT, grid: { stroke: GRID }, ticks: { stroke: GRID }, font: FONT, space: 80, values: (_plot, times, _axis, _space, step) => times.map((time) => when(time, step)) },
        {
          stroke: TEXT,
          grid: { stroke: GRID },
          ticks: { stroke: GRID },
          font: FONT,
          size: 76,
          values: (_plot, values) => values.map((value) => fixed(value, null) + drawn.unit),
        },
      ],
    };
    this.plot = new uPlot(options, drawn.data, place);
    new ResizeObserver(() => this.plot.setSize(this.#size())).observe(place);
  }

  #size() {
    const legend = 28; // the line under the plot, which uPlot does not count
    return { width: this.place.clientWidth, height: this.place.clientHeight - legend };
  }
}

/**
 * What the legend says: of the place under the cursor, or else of the last.
 * @param {uPlot} plot
 * @param {number} at of the series
 * @param {number | null} index
 */
function shownBy({ data }, at, index) {
  return data[at].at(index ?? -1);
}

/**
 * @param {number | null | undefined} value
 * @param {string} unit
 */
function written(value, unit) {
  return value === null || value === undefined ? "—" : fixed(value, 2) + unit;
}

/**
 * A time on the axis, as exact as its steps need.
 * @param {number} seconds
 * @param {number} step seconds to the next
 */
function when(seconds, step) {
  if (step < 60) return moment(seconds * 1000, true).slice(11);
  const text = moment(seconds * 1000);
  if (step >= 28 * DAY_S) return text.slice(0, 7);
  return step >= DAY_S ? text.slice(5, 10) : text.slice(5);
}

/**
 * Room above and below; what falls from nothing keeps nothing at its top.
 * @param {number} low
 * @param {number} high
 * @param {boolean} isBelowZero
 * @returns {[number, number]}
 */
function padded(low, high, isBelowZero) {
  if (low === null || high === null) return [0, 1];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.01 || 1;
  return isBelowZero ? [low - room, 0] : [low - room, high + room];
}
