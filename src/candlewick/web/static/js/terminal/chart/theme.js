/** How the chart looks: colours of the palette, nothing that moves without a reason. */

import { ColorType, CrosshairMode, LineStyle } from "lightweight-charts";
import { moment } from "../../format.js";

export const UP = "#2ed28e";
export const DOWN = "#ff7382";
export const VOLUME_UP = "rgba(46, 210, 142, .38)";
export const VOLUME_DOWN = "rgba(255, 115, 130, .38)";
export const LINES = ["#ffd700", "#7cc4ff", "#d7a3ff", "#ff9d6e"];
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
  timeScale: { borderColor: BORDER, rightOffset: 8, timeVisible: true, secondsVisible: false, minBarSpacing: 0.3, barSpacing: 7, allowShiftVisibleRangeOnWhitespaceReplacement: true },
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

/** @param {string} color */
export function line(color) {
  return { color, lineWidth: 1.5, lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false };
}
