/** Numbers and times as people read them: tabular, by the instrument's own step, always UTC. */

export const UNKNOWN = "—";
const MINUS = "−";

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * @param {string} key
 * @param {Intl.NumberFormatOptions} options
 */
function cached(key, options) {
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat("en-US", options);
    formats.set(key, format);
  }
  return format;
}

/**
 * How many decimals a step such as `0.01` has.
 * @param {string | number | null | undefined} step a tick or a lot
 * @returns {number | null} null where the step is unknown
 */
export function decimals(step) {
  if (step === null || step === undefined || step === "") return null;
  const [mantissa, exponent = "0"] = String(step).toLowerCase().split("e");
  const fraction = mantissa.includes(".") ? mantissa.split(".")[1].replace(/0+$/, "").length : 0;
  return Math.max(0, fraction - Number(exponent));
}

/**
 * @param {number | null | undefined} value
 * @param {number | null} places decimals; null shows as many as the value needs, eight at most
 */
export function fixed(value, places) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  /** @type {Intl.NumberFormatOptions} */
  const options =
    places === null
      ? { maximumFractionDigits: 8, signDisplay: "negative" } // what rounds to nothing has no sign
      : { minimumFractionDigits: places, maximumFractionDigits: places, signDisplay: "negative" };
  return cached(`fixed${places}`, options).format(value).replace("-", MINUS);
}

/**
 * With its sign, `+2.31%`. The server sends per cent, not a fraction.
 * @param {number | null | undefined} value
 */
export function percent(value, places = 2) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const format = cached(`percent${places}`, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    signDisplay: "exceptZero",
  });
  return `${format.format(value).replace("-", MINUS)}%`;
}

/**
 * With its sign, `+223.65`; what rounds to nothing has none.
 * @param {number | null | undefined} value
 * @param {number | null} places
 */
export function signed(value, places = 2) {
  const text = fixed(value, places);
  if (value === null || value === undefined) return text;
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/**
 * `12` of what is whole, `12.50` of what is not.
 * @param {number | null | undefined} value
 */
export function amount(value) {
  return fixed(value, Number.isInteger(value) ? 0 : 2);
}

/**
 * A share of a whole, `41.0%`, without a sign of its own.
 * @param {number | null | undefined} value
 */
export function share(value, places = 1) {
  return value === null || value === undefined ? UNKNOWN : `${fixed(value, places)}%`;
}

/**
 * A figure of any size, as short as it can be told: `12.34M`, `1,204.5`, `54.23`, `0.00123`.
 * @param {number | null | undefined} value
 */
export function readable(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 100_000) return compact(value).replace("-", MINUS);
  if (size >= 1 || size === 0) return fixed(value, 2);
  return cached("small", { maximumSignificantDigits: 4, maximumFractionDigits: 10 }).format(value).replace("-", MINUS);
}

/**
 * Large amounts, `12.34M`.
 * @param {number | null | undefined} value
 */
export function compact(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  return cached("compact", { notation: "compact", maximumSignificantDigits: 4 }).format(value);
}

/**
 * `12:04:31`, UTC.
 * @param {number} milliseconds since the epoch
 */
export function clock(milliseconds) {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

/**
 * `2026-01-26 12:04`, UTC.
 * @param {number} milliseconds since the epoch
 * @param {boolean} withSeconds
 */
export function moment(milliseconds, withSeconds = false) {
  return new Date(milliseconds).toISOString().slice(0, withSeconds ? 19 : 16).replace("T", " ");
}

/**
 * A time as the server may send it: ISO 8601, seconds, milliseconds, or nanoseconds.
 * @param {string | number | null | undefined} time
 * @returns {number | null} milliseconds since the epoch
 */
export function milliseconds(time) {
  if (time === null || time === undefined) return null;
  if (typeof time === "string") {
    const parsed = Date.parse(time);
    return Number.isNaN(parsed) ? null : parsed;
  }
  if (time > 1e16) return Math.round(time / 1e6);
  return time > 1e11 ? time : Math.round(time * 1e3);
}

/** @param {number} number */
const twoDigits = (number) => String(number).padStart(2, "0");

/**
 * `07:09:31`, what is left until something happens.
 * @param {number} duration milliseconds
 */
export function countdown(duration) {
  const seconds = Math.max(0, Math.round(duration / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map(twoDigits).join(":");
}

/**
 * `3 d 4 h`, `3 h 12 m`, `4 m 09 s`, `12 s`.
 * @param {number} duration milliseconds
 */
export function lasting(duration) {
  const seconds = Math.max(0, Math.round(duration / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${twoDigits(minutes % 60)} m`;
  return minutes ? `${minutes} m ${twoDigits(seconds % 60)} s` : `${seconds} s`;
}

/**
 * The CSS class of a change, and with it the arrow.
 * @param {number | null | undefined} change
 */
export function direction(change) {
  if (!change) return "";
  return change > 0 ? "up" : "down";
}
