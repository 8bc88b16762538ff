/**
 * Plots that need Plotly: it is fetched when the first of them comes into view, and on no other page.
 * Its colour bar, and cells without a gap, write style attributes, which the page's policy forbids.
 */

import { byId, setText } from "../cells.js";

const TEXT = "#ada699";
const LINE = "#33302a";
const SCALE = [
  [0, "#7a1f33"],
  [0.35, "#ff7382"],
  [0.5, "#2a2723"],
  [0.7, "#c98a1b"],
  [1, "#ffd700"],
];
const AXIS = { gridcolor: LINE, zerolinecolor: LINE, linecolor: LINE, tickfont: { color: TEXT }, title: { font: { color: TEXT } }, automargin: true };
const LAYOUT = {
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  margin: { l: 56, r: 16, t: 8, b: 48 },
  font: { family: "Inter, system-ui, sans-serif", size: 12, color: TEXT },
  hoverlabel: { bgcolor: "#1a1a1a", bordercolor: "#857b68", font: { color: "#ece7dc" } },
  showlegend: false,
};
const PART = ".1~%"; // parts of a whole, as the tables have them
const CONFIG = { displayModeBar: false, responsive: true };

/** @type {Promise<any> | null} */
let loading = null;

/** @param {ParentNode} part of the page that may hold some */
export function drawPlots(part) {
  const source = part.querySelector("#drawn:not([data-drawn])");
  if (!(source instanceof HTMLElement)) return;
  source.dataset.drawn = "";
  const drawn = JSON.parse(source.textContent ?? "{}");
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(/** @type {HTMLElement} */ (target), drawn);
    }
  }, { rootMargin: "200px" });
  for (const place of part.querySelectorAll("[data-plotly]")) seen.observe(place);
}

/**
 * @param {HTMLElement} place
 * @param {any} drawn
 */
async function draw(place, drawn) {
  const plotly = await plotlyLoaded();
  if (place.dataset.plotly === "heatmap") {
    const choice = /** @type {HTMLSelectElement | null} */ (document.getElementById("heat-of"));
    const show = () => heatmap(plotly, place, drawn.heatmaps[Number(choice?.value ?? 0)]);
    choice?.addEventListener("change", show);
    show();
  } else if (place.dataset.plotly === "front") front(plotly, place, drawn.front);
  else if (place.dataset.plotly === "spaghetti") spaghetti(plotly, place, drawn.paths);
  else if (place.dataset.plotly === "histogram") histogram(plotly, place, drawn.histograms[place.dataset.of ?? ""]);
  place.dataset.state = "shown";
}

function heatmap(plotly, place, { x, y, title, xs, ys, values, isPart, low, high, best }) {
  const data = [
    { type: "heatmap", x: xs, y: ys, z: values, colorscale: SCALE, zmid: 0, hoverongaps: false, xgap: 1, ygap: 1, hovertemplate: `${x} %{x}<br>${y} %{y}<br>${title} %{z:${isPart ? PART : ".4g"}}<extra></extra>`, showscale: false },
  ];
  if (best) data.push(/** @type {any} */ ({ type: "scatter", mode: "markers", x: [best[0]], y: [best[1]], marker: { symbol: "circle-open", size: 16, color: "#ffffff", line: { width: 2 } }, hovertemplate: "the best<extra></extra>" }));
  const axis = (name) => ({ ...AXIS, type: "category", title: { text: name, font: { color: TEXT } } });
  plotly.react(place, data, { ...LAYOUT, xaxis: axis(x), yaxis: axis(y) }, CONFIG);
  setText(byId("heat-low"), low);
  setText(byId("heat-high"), high);
  setText(byId("heat-title-of"), title);
}

function front(plotly, place, { x, xIsPart, y, yIsPart, front, others }) {
  const axis = (name, isPart) => ({ ...AXIS, title: { text: name, font: { color: TEXT } }, tickformat: isPart ? PART : "" });
  const points = (rows, marker, name) => ({ type: "scatter", mode: "markers", name, x: rows.map((row) => row[0]), y: rows.map((row) => row[1]), text: rows.map((row) => row[2]), marker, hovertemplate: `%{text}<br>${x} %{x:${xIsPart ? PART : ".4g"}}<br>${y} %{y:${yIsPart ? PART : ".4g"}}<extra>${name}</extra>` });
  const data = [points(others, { color: "#857b68", size: 5, opacity: 0.6 }, "tried"), points(front, { color: "#ffd700", size: 9, symbol: "diamond" }, "front")];
  plotly.react(place, data, { ...LAYOUT, xaxis: axis(x, xIsPart), yaxis: axis(y, yIsPart) }, CONFIG);
}

function spaghetti(plotly, place, { at, bands, levels, actual, isTime, unit }) {
  const x = isTime ? at.map((seconds) => new Date(seconds * 1000).toISOString()) : at;
  const lines = bands.map((values, row) => {
    const isMiddle = levels[row] === 50;
    const filled = row > 0 ? { fill: "tonexty", fillcolor: "rgba(255,165,0,.10)" } : {};
    return { type: "scatter", mode: "lines", x, y: values, name: `${levels[row]} %`, line: { color: isMiddle ? "#ffa500" : "rgba(255,165,0,.45)", width: isMiddle ? 2 : 1 }, ...filled, hovertemplate: `%{y:.4g}<extra>${levels[row]} %</extra>` };
  });
  if (actual) lines.push(/** @type {any} */ ({ type: "scatter", mode: "lines", x, y: actual, name: "as it was", line: { color: "#ece7dc", width: 1.5 }, hovertemplate: "%{y:.4g}<extra>as it was</extra>" }));
  plotly.react(place, lines, { ...LAYOUT, hovermode: "x unified", xaxis: { ...AXIS }, yaxis: { ...AXIS, title: { text: unit, font: { color: TEXT } } } }, CONFIG);
}

function histogram(plotly, place, { bins, actual, isPart }) {
  const middles = bins.counts.map((_, at) => (bins.edges[at] + bins.edges[at + 1]) / 2);
  const widths = bins.counts.map((_, at) => bins.edges[at + 1] - bins.edges[at]);
  const data = [{ type: "bar", x: middles, y: bins.counts, width: widths, marker: { color: "rgba(255,165,0,.65)" }, hovertemplate: "%{x:.4g}: %{y} runs<extra></extra>" }];
  const shapes = actual === null ? [] : [{ type: "line", x0: actual, x1: actual, y0: 0, y1: 1, yref: "paper", line: { color: "#ece7dc", width: 2, dash: "dot" } }];
  plotly.react(place, data, { ...LAYOUT, shapes, bargap: 0.04, margin: { ...LAYOUT.margin, b: 28 }, xaxis: { ...AXIS, title: undefined, tickformat: isPart ? PART : "" }, yaxis: { ...AXIS, title: undefined } }, CONFIG);
}

/** The library, fetched once. It writes its styles into the element that the page has for them. */
function plotlyLoaded() {
  loading ??= new Promise((resolve, reject) => {
    const told = /** @type {HTMLElement} */ (document.getElementById("plotly-at"));
    const script = document.createElement("script");
    script.src = told.dataset.src ?? "";
    script.integrity = told.dataset.integrity ?? "";
    script.addEventListener("load", () => resolve(/** @type {any} */ (window).Plotly));
    script.addEventListener("error", () => reject(new Error("The charts cannot be loaded.")));
    document.head.append(script);
  });
  return loading;
}
