/** How the chart looks: colours of the palette, nothing that moves without a reason. */

import { ColorType, CrosshairMode, LineStyle } from "lightweight-charts";
import { moment } from "../../format.js";

export const UP = "#2ed28e";
export const DOWN = "#ff7382";
export const VOLUME_UP = "rgba(46, 210, 142, .38)";
export const VOLUME_DOWN = "rgba(255, 115, 130, .38)";
/** Lines of indicators: each in turn, told apart by eyes of every kind, at least 6:1 on the chart. */
export const LINES = ["#ffd700", "#7cc4ff", "#d7a3ff", "#ff9d6e", "#7ee0d0", "#ff9fcf", "#c6d66b", "#b9b2ff"];
const BACKGROUND = "#141414";
const GRID = "#1f1e1c";
const BORDER = "#33302a";
const TEXT = "#ada699";
const LABEL = "#857b68";

/** @type {import("lightweight-charts").DeepPartial<import("lightweight-charts").ChartOptions>} */
export const CHART = {
  autoSize: true,
  layout: {
    background: { type: ColorType.Solid, color: BACKGROUND },
    textColor: TEXT,
    fontSize: 11,
    fontFamily: '"JetBrains Mono", ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
    attributionLogo: false, // the credit stands in the page's footer
    panes: { separatorColor: BORDER, separatorHoverColor: "rgba(255, 165, 0, .25)", enableResize: true },
  },
  grid: { vertLines: { color: GRID }, horzLines: { color: GRID } },
  crosshair: {
    mode: CrosshairMode.Normal,
    vertLine: { color: LABEL, style: LineStyle.Dashed, labelBackgroundColor: "#3a352c" },
    horzLine: { color: LABEL, style: LineStyle.Dashed, labelBackgroundColor: "#3a352c" },
  },
  rightPriceScale: { borderColor: BORDER, scaleMargins: { top: 0.1, bottom: 0.22 } },
  // bars of less than half a pixel are drawn as one: with eight indicators a frame of the farthest view costs half
  timeScale: { borderColor: BORDER, rightOffset: 8, timeVisible: true, secondsVisible: false, minBarSpacing: 0.3, barSpacing: 7, enableConflation: true, allowShiftVisibleRangeOnWhitespaceReplacement: true },
  localization: { locale: "en-GB", timeFormatter: (seconds) => `${moment(seconds * 1000, seconds % 60 !== 0)} UTC` },
  kineticScroll: { mouse: false, touch: true },
};

export const CANDLES = {
  upColor: UP,
  downColor: DOWN,
  wickUpColor: UP,
  wickDownColor: DOWN,
  borderVisible: false,
};

/**
 * Candles that leave their place to others: their lines and marks stay.
 * @param {Record<string, unknown>} candles
 */
export function hollow(candles) {
  const colors = Object.keys(candles).filter((name) => name.endsWith("Color"));
  return { ...candles, ...Object.fromEntries(colors.map((name) => [name, "transparent"])) };
}

/** The line at the last price; its label's text stands out from its fill. */
export const LAST_UP = { color: UP, axisLabelColor: UP, axisLabelTextColor: "#000000" };
export const LAST_DOWN = { color: DOWN, axisLabelColor: "#c9364a", axisLabelTextColor: "#ffffff" };
/** @type {import("lightweight-charts").CreatePriceLineOptions} */
export const LAST = { lineStyle: LineStyle.Dotted, lineWidth: 1, axisLabelVisible: true, price: 0 };

/** Lines of orders and of the position. @type {Partial<import("lightweight-charts").CreatePriceLineOptions>} */
const OURS = { lineStyle: LineStyle.Dashed, lineWidth: 1, axisLabelVisible: true };
export const BUY_LINE = { ...OURS, color: UP, axisLabelColor: UP, axisLabelTextColor: "#000000" };
export const SELL_LINE = { ...OURS, color: DOWN, axisLabelColor: "#c9364a", axisLabelTextColor: "#ffffff" };
export const POSITION_LINE = { ...OURS, lineStyle: LineStyle.Dotted, color: "#fdb44b", axisLabelColor: "#fdb44b", axisLabelTextColor: "#000000" };

export const VOLUME = {
  priceScaleId: "volume",
  priceFormat: { type: "volume" },
  lastValueVisible: false,
  priceLineVisible: false,
};

export const VOLUME_SCALE = { scaleMargins: { top: 0.82, bottom: 0 } };

/** Customary lines across an indicator's pane. @type {Omit<import("lightweight-charts").CreatePriceLineOptions, "price">} */
export const GUIDE = { color: LABEL, lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false };

const RISING = ["plus_di", "up", "leading_a", "s1", "s2", "s3"];
const FALLING = ["minus_di", "down", "leading_b", "r1", "r2", "r3"];

/**
 * The colour of an indicator's line where the person has chosen none.
 * @param {import("./catalogue.js").Kind} kind
 * @param {string} name
 */
export function colorOf({ outputs }, name) {
  if (RISING.includes(name) || outputs.some((output) => output.name === name && output.draw === "histogram")) return UP;
  if (FALLING.includes(name)) return DOWN;
  const bands = outputs.filter(({ draw }) => draw === "band").map((output) => output.name);
  if (bands.includes(name)) return LINES[1];
  const others = outputs.map((output) => output.name).filter((each) => ![...bands, ...RISING, ...FALLING].includes(each));
  return LINES[Math.max(0, others.indexOf(name)) % LINES.length];
}
