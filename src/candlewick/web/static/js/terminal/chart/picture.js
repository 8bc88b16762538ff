/** The chart as a PNG file, with a caption that says what it shows and where it comes from. */

import { moment } from "../../format.js";

const CAPTION_PX = 28;

/**
 * @param {import("lightweight-charts").IChartApi} chart
 * @param {{symbol: string, interval: string, about: string}} what
 */
export async function savePicture(chart, { symbol, interval, about }) {
  const shot = chart.takeScreenshot(true, false);
  const scale = shot.width / chart.chartElement().clientWidth;
  const canvas = document.createElement("canvas");
  canvas.width = shot.width;
  canvas.height = shot.height + 2 * CAPTION_PX * scale;
  const context = canvas.getContext("2d");
  context.fillStyle = "#141414";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(shot, 0, CAPTION_PX * scale);
  context.textBaseline = "middle";
  context.font = `${12 * scale}px system-ui, sans-serif`;
  context.fillStyle = "#ffd700";
  const now = new Date();
  context.fillText(`${symbol} · ${interval} · ${about} · ${moment(now.getTime())} UTC`, 10 * scale, (CAPTION_PX / 2) * scale);
  context.fillStyle = "#ada699";
  const credit = "Candlewick · chart by TradingView Lightweight Charts™";
  context.fillText(credit, 10 * scale, canvas.height - (CAPTION_PX / 2) * scale);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${symbol}-${interval}-${now.toISOString().slice(0, 19).replaceAll(":", "")}Z.png`.replace(/[^\w.-]/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
