/** One indicator that is on the chart, as a row of the dialog: its place, and behind its name its settings. */

import { element } from "../cells.js";
import { numbersOf, titleOf } from "./chart/catalogue.js";
import { colorOf } from "./chart/theme.js";

const WIDTHS = ["1", "2", "3", "4"];
const STYLES = ["solid", "dashed", "dotted"];
let made = 0; // ids of fields: each its own

/**
 * @param {import("./chart/catalogue.js").Kind} kind
 * @param {import("./chart/study.js").Look} look
 * @param {{isOpen: boolean, isFirst: boolean, isLast: boolean}} place
 */
export function settingsOf(kind, look, { isOpen, isFirst, isLast }) {
  const title = titleOf(kind, look.key);
  const settings = element("div", { class: "settings", id: `settings-${(made += 1)}` }, ...(isOpen ? fieldsOf(kind, look) : []));
  settings.hidden = !isOpen;
  const name = button("settings", title, { "aria-expanded": String(isOpen), "aria-controls": settings.id, class: "btn name" });
  return element(
    "li",
    { "data-key": look.key, class: look.hidden ? "hidden-one" : "" },
    element(
      "div",
      { class: "row" },
      name,
      button("hide", look.hidden ? "Show" : "Hide", { "aria-label": `${look.hidden ? "Show" : "Hide"} ${title}`, "aria-pressed": String(look.hidden) }),
      button("up", "↑", { "aria-label": `Move ${title} up`, ...(isFirst ? { disabled: "" } : {}) }),
      button("down", "↓", { "aria-label": `Move ${title} down`, ...(isLast ? { disabled: "" } : {}) }),
      button("remove", "✕", { "aria-label": `Remove ${title}` }),
    ),
    settings,
  );
}

/**
 * @param {import("./chart/catalogue.js").Kind} kind
 * @param {import("./chart/study.js").Look} look
 */
function* fieldsOf(kind, look) {
  const numbers = numbersOf(look.key);
  const { parameters } = kind;
  for (const [at, { name, low, high, fraction }] of parameters.entries()) {
    const input = element("input", {
      class: "input num", type: "number", name: `number-${name}`, required: "", value: String(numbers[at]),
      min: String(low), max: String(high), step: fraction ? "any" : "1", inputmode: "decimal",
    });
    yield field(words(name), input, `${low} – ${high}`);
  }
  const drawn = kind.outputs.filter(({ draw }) => !["none", "candle"].includes(draw));
  for (const { name } of drawn) {
    const value = look.colors[name] ?? colorOf(kind, name);
    const input = element("input", { type: "color", class: "swatch", name: `color-${name}`, "data-line": name, value });
    yield field(drawn.length > 1 ? (name === kind.name ? kind.title : words(name)) : "Colour", input);
  }
  if (drawn.some(({ draw }) => ["line", "band", "dots"].includes(draw))) {
    yield field("Width", choice("width", WIDTHS, String(look.width)));
    yield field("Style", choice("style", STYLES, look.style));
  }
  yield element("p", { class: "dim" }, ...told(kind.convention));
}

/** @param {string} text what stands in it between backticks is code */
function told(text) {
  return text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));
}

/**
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} hint
 */
function field(label, input, hint = "") {
  input.id = `setting-${(made += 1)}`;
  const about = element("label", { for: input.id }, label);
  if (hint) input.title = hint;
  return element("div", { class: "field" }, about, input);
}

/**
 * @param {string} name
 * @param {string[]} values
 * @param {string} chosen
 */
function choice(name, values, chosen) {
  const select = element("select", { class: "input", name }, ...values.map((value) => element("option", { value }, value)));
  select.value = chosen;
  return select;
}

/**
 * @param {string} action
 * @param {string} text
 * @param {Record<string, string>} attributes
 */
function button(action, text, attributes) {
  return element("button", { type: "button", class: "btn", "data-action": action, ...attributes }, text);
}

/** @param {string} name */
function words(name) {
  const text = name.replaceAll("_", " ").replace(/\b(atr|di|poc|sar|[kd])\b/g, (short) => short.toUpperCase());
  return text[0].toUpperCase() + text.slice(1);
}
