/** Replay: which moment it has come to, and pause, step and speed for those who may move it. */

import { get, send } from "../api.js";
import { milliseconds, moment } from "../format.js";
import { byId, setText } from "../cells.js";

const PATH = "/api/replay/";
const LOOK_EVERY_MS = 1_000;

/** @typedef {{paused: boolean, speed: number, position: string, done: boolean}} State */

/** Only made where the engine replays a recording. `change` events say that `state` may be another. */
export class Replay extends EventTarget {
  /** @type {State | null} */
  state = null;

  /** @param {{notices: import("./notices.js").Notices}} parts */
  constructor({ notices }) {
    super();
    this.notices = notices;
    if (document.getElementById("replay-pause")) this.#control();
    this.#look();
    setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Why prices stand still although nothing is wrong; empty while they move. */
  get pause() {
    if (this.state?.done) return "the recording has ended";
    return this.state?.paused ? "paused" : "";
  }

  #control() {
    byId("replay-pause").addEventListener("click", () => this.#ask(this.state?.paused ? "resume" : "pause"));
    byId("replay-step").addEventListener("click", () => this.#ask("step"));
    byId("replay-speed").addEventListener("change", (event) => this.#ask("speed", Number(event.target.value)));
  }

  /**
   * @param {string} action
   * @param {number} [value]
   */
  async #ask(action, value) {
    try {
      this.#show(await send("POST", PATH, { action, value }));
    } catch (problem) {
      this.notices.tell("WARNING", "Replay", problem.message);
    }
  }

  async #look() {
    if (document.hidden) return;
    // while the engine or the server is away, the page says so elsewhere
    const state = await get(PATH).catch(() => null);
    if (state) this.#show(state);
  }

  /** @param {State} state */
  #show(state) {
    this.state = state;
    setText(byId("replay-position"), `${moment(milliseconds(state.position), true)}${state.done ? " · ended" : ""}`);
    const pause = document.getElementById("replay-pause");
    if (pause) {
      setText(pause, state.paused ? "Resume" : "Pause");
      byId("replay-speed").value = String(state.speed);
    }
    this.dispatchEvent(new Event("change"));
  }
}
