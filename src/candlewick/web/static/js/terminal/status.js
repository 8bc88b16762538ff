/**
 * Whether what is on the page can be trusted: the connection, the engine behind it, and the venue's
 * feed. One place decides; the panels dim and say why, and a screen reader hears it once.
 */

import { lasting } from "../format.js";
import { byId, setText } from "../cells.js";
import { doubtOf, veil } from "./doubt.js";

const PANELS = ["chart", "book", "tape", "watch"];

export class Status {
  #said = "";
  #wasLive = false;

  /**
   * @param {{live: import("../live.js").Live, feeds: import("./feeds.js").Feeds, desk: import("./desk.js").Desk,
   *   headline: import("./headline.js").Headline, book: import("./book.js").Book,
   *   notices: import("./notices.js").Notices, replay: import("./replay.js").Replay | null, refresh: () => void}} parts
   */
  constructor({ live, feeds, desk, headline, book, notices, replay, refresh }) {
    this.live = live;
    this.feeds = feeds;
    this.desk = desk;
    this.headline = headline;
    this.book = book;
    this.notices = notices;
    this.replay = replay;
    this.refresh = refresh;
    this.live.addEventListener("state", (/** @type {CustomEvent} */ event) => this.#changed(event.detail));
    this.live.addEventListener("engine", () => this.#engineChanged());
    this.live.addEventListener("problem", (/** @type {CustomEvent} */ event) => this.#problem(event.detail));
    this.feeds.addEventListener("change", () => this.#judge());
    this.desk.addEventListener("symbol", () => this.#judge());
    this.headline.addEventListener("stale", () => this.#judge());
    this.replay?.addEventListener("change", () => this.#judge());
    this.#judge();
  }

  /** @param {{state: string, downFor?: number}} detail */
  #changed({ state, downFor }) {
    if (state === "live" && downFor) {
      this.notices.tell("INFO", "Reconnected", `after ${lasting(downFor)}; what was missed has been fetched.`);
      this.refresh();
    }
    if (state === "reconnecting" && this.#wasLive) this.feeds.forget();
    this.#wasLive = state === "live";
    this.#judge();
  }

  #engineChanged() {
    if (this.live.engineIsAway) this.feeds.forget();
    else this.refresh();
    this.#judge();
  }

  /** @param {{code: string, message: string}} error */
  #problem({ code, message }) {
    this.notices.tell("WARNING", code.replaceAll("_", " "), message);
  }

  /** @returns {import("./doubt.js").Doubt | null} */
  #doubt() {
    const doubt = doubtOf(this.live, this.feeds.of(this.desk.instrument?.venue)?.state);
    if (doubt && doubt.state !== "stale") return doubt;
    if (this.replay?.pause) return null; // what is shown is what the recording says of its moment
    if (!doubt && this.headline.isStale) return { state: "stale", word: "stale", text: "What is shown of this symbol may be old." };
    return doubt;
  }

  #judge() {
    const doubt = this.#doubt();
    const pill = byId("connection");
    pill.dataset.state = doubt?.state ?? "live";
    setText(pill, doubt?.word ?? (this.replay?.pause || "live"));
    byId("session-ended").toggleAttribute("hidden", this.live.state !== "signed-out");
    this.headline.setDoubt(doubt && doubt.state !== "loading" ? doubt.word : null);
    for (const id of PANELS) veil(byId(id), doubt);
    if (doubt && doubt.state !== "loading") this.book.blank();
    this.#say(doubt ? doubt.text : this.replay?.pause ? `Replay: ${this.replay.pause}.` : "Live data.");
  }

  /** @param {string} text */
  #say(text) {
    if (text === this.#said) return;
    this.#said = text;
    setText(byId("status-said"), text);
  }
}
