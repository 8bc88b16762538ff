/** A short tone at fills and alerts, for whoever has asked for it. */

const FILLED = [660, 880];
const ALERT = [440, 330];
const TONE_S = 0.12;
const LOUDNESS = 0.15;

/**
 * @param {{account: import("./account.js").Account, live: import("../live.js").Live,
 *   preferences: import("../preferences.js").Preferences}} parts
 */
export function soundNews({ account, live, preferences }) {
  /** @type {AudioContext | null} */
  let audio = null;

  /** @param {number[]} tones in Hz, one after the other */
  const play = async (tones) => {
    if (!preferences.choices.sounds) return;
    audio ??= new AudioContext();
    await audio.resume(); // a browser starts none before a person has touched the page
    tones.forEach((hertz, n) => tone(/** @type {AudioContext} */ (audio), hertz, n * TONE_S));
  };
  account.addEventListener("orders", (/** @type {CustomEvent} */ { detail }) => {
    if (detail?.type === "order_filled") play(FILLED);
  });
  live.subscribe([`alerts:${account.about.id}`], ({ type }) => {
    if (type === "alert") play(ALERT);
  });
}

/**
 * @param {AudioContext} audio
 * @param {number} hertz
 * @param {number} after seconds from now
 */
function tone(audio, hertz, after) {
  const begin = audio.currentTime + after;
  const oscillator = new OscillatorNode(audio, { frequency: hertz });
  const gain = new GainNode(audio, { gain: LOUDNESS });
  gain.gain.setTargetAtTime(0, begin + TONE_S / 2, TONE_S / 8); // it fades: an end all at once would click
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(begin);
  oscillator.stop(begin + TONE_S);
}
