/** Replay controls: pause, step, speed. Only on the page when the engine replays a recording. */

import { send } from "../api.js";
import { byId, setText } from "./cells.js";

/** @param {{notices: import("./notices.js").Notices}} parts */
export function controlReplay({ notices }) {
  const pause = document.getElementById("replay-pause");
  if (!pause) return;

  /**
   * @param {string} action
   * @param {number} [value]
   */
  async function ask(action, value) {
    try {
      await send("POST", "/api/replay/", { action, value });
      return true;
    } catch (problem) {
      notices.tell("WARNING", "Replay", problem.message);
      return false;
    }
  }

  pause.addEventListener("click", async () => {
    const wasPaused = pause.getAttribute("aria-pressed") === "true";
    if (!(await ask(wasPaused ? "resume" : "pause"))) return;
    pause.setAttribute("aria-pressed", String(!wasPaused));
    setText(pause, wasPaused ? "Pause" : "Resume");
  });
  byId("replay-step").addEventListener("click", () => ask("step"));
  byId("replay-speed").addEventListener("change", (event) => ask("speed", Number(event.target.value)));
}
