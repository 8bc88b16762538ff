/** Why what is shown of a market is not to be trusted now: the connection, the engine behind it, the venue's feed. */

import { setText } from "../cells.js";

/** @typedef {{state: "loading" | "disconnected" | "stale", word: string, text: string}} Doubt */

/**
 * The worst of connection, engine and feed.
 * @param {import("../live.js").Live} live
 * @param {string | undefined} feed its state, as far as it is known
 * @returns {Doubt | null}
 */
export function doubtOf({ state, engineIsAway }, feed) {
  if (state === "connecting") return { state: "loading", word: "connecting", text: "" };
  if (state === "reconnecting") return { state: "disconnected", word: "disconnected", text: "Connection lost. Reconnecting…" };
  if (state === "signed-out") return { state: "disconnected", word: "signed out", text: "Your session has ended. Sign in again." };
  if (state === "refused") return { state: "disconnected", word: "refused", text: "The server refuses live data to this page." };
  if (engineIsAway) return { state: "disconnected", word: "engine away", text: "The engine is away; it is being restarted." };
  if (feed === "disconnected") return { state: "disconnected", word: "disconnected", text: "The venue's feed is down. Reconnecting…" };
  if (feed === "stale") return { state: "stale", word: "stale", text: "The venue's feed is stale." };
  return null;
}

/**
 * Say it over a panel, or nothing.
 * @param {HTMLElement} panel
 * @param {Doubt | null} doubt
 */
export function veil(panel, doubt) {
  if (doubt && doubt.state !== "loading") {
    panel.dataset.doubt = doubt.state;
    setText(panel.querySelector(".doubt"), doubt.text);
  } else {
    delete panel.dataset.doubt;
  }
}
