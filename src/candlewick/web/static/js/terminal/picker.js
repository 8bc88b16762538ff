/** The indicators' dialog: find one and add it; numbers, colours and place of those on the chart. */

import { byId, element, setText, targetOf } from "../cells.js";
import { numbersOf } from "./chart/catalogue.js";
import { LINES } from "./chart/theme.js";
import { Combobox } from "./combobox.js";
import { settingsOf } from "./picker_settings.js";

const OTHER_PERIODS = [50, 100, 200, 9, 12, 26, 7, 5, 30];
const GROUPS = { trend: "Trend", momentum: "Momentum", volatility: "Volatility", volume: "Volume", statistics: "Statistics", patterns: "Candle patterns" };

/** @typedef {import("./chart/catalogue.js").Kind} Kind */

export class Picker {
  #dialog = /** @type {HTMLDialogElement} */ (byId("indicators"));
  #input = /** @type {HTMLInputElement} */ (byId("indicator-search"));
  #chosen = byId("indicator-chosen");
  #said = byId("indicator-said");
  #options = new Combobox(this.#input, byId("indicator-list"), { search: () => this.#search(), choose: (option) => this.#add(option) });
  /** Whose settings are open. @type {string | null} */
  #open = null;
  /** Ends listening to the chart that the dialog was about before. */
  #leave = new AbortController();

  constructor() {
    this.#chosen.addEventListener("click", (event) => this.#act(event));
    this.#chosen.addEventListener("change", (event) => this.#set(event));
    this.#chosen.addEventListener("input", (event) => this.#preview(event));
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
  }

  /**
   * Fill the dialog, which is open.
   * @param {import("../charted.js").Charted} charted of the chart that it is about
   * @param {string | null} key whose settings to open
   */
  show(charted, key = null) {
    this.#leave.abort();
    this.#leave = new AbortController();
    this.charted = charted;
    charted.addEventListener("change", () => this.#showChosen(), this.#leave);
    charted.addEventListener("problem", (/** @type {CustomEvent<string>} */ event) => this.#say(event.detail, "error"), this.#leave);
    this.#open = key;
    this.#say("");
    this.#showChosen();
    if (key) this.#row(key)?.querySelector("input")?.focus();
    charted.catalogue.load().then(
      () => this.#search(),
      (problem) => this.#say(`${problem.message} Close and open this to try again.`, "error"),
    );
  }

  #search() {
    const words = this.#input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.charted.catalogue.all.filter((kind) => {
      const text = `${kind.title} ${kind.name} ${kind.name.replaceAll("_", " ")} ${GROUPS[kind.group]}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const groups = Object.keys(GROUPS).map((group) => this.#group(group, found.filter((kind) => kind.group === group)));
    this.#options.show(groups.filter((group) => group !== null));
    setText(byId("indicator-count"), found.length ? `${found.length} ${found.length === 1 ? "indicator" : "indicators"}` : "none that is called so");
  }

  /**
   * @param {string} name
   * @param {Kind[]} kinds
   */
  #group(name, kinds) {
    if (!kinds.length) return null;
    const title = element("li", { role: "presentation", class: "group", id: `group-${name}` }, GROUPS[name]);
    return element("ul", { role: "group", "aria-labelledby": title.id }, title, ...kinds.map((kind) => this.#option(kind)));
  }

  /** @param {Kind} kind */
  #option({ name, title, pane }) {
    return element(
      "li",
      { role: "option", id: `indicator-${name}`, "data-name": name, "aria-selected": "false" },
      element("b", {}, title),
      element("span", { class: "mark" }, pane === "own" ? "own pane" : "over prices"),
    );
  }

  /** @param {HTMLElement} option */
  async #add(option) {
    const kind = this.charted.catalogue.kindOf(option.dataset.name);
    const { indicators, most } = this.charted;
    if (indicators.length >= most) return this.#say(`${most} indicators are on the chart: remove one first.`, "error");
    const key = this.#freeKey(kind);
    if (key === null) return this.#say(`${kind.title} is on the chart already.`, "error");
    const isKept = await this.charted.change((looks) => [...looks, { key, colors: this.#freshColor(kind) }]);
    if (!isKept) return;
    this.#open = this.charted.indicators.at(-1).key;
    this.#showChosen();
    this.#row(this.#open)?.scrollIntoView({ block: "nearest" });
    this.#say(`${kind.title} is on the chart.`);
  }

  /**
   * Its usual numbers, or, where those are taken, another period.
   * @param {Kind} kind
   */
  #freeKey(kind) {
    if (!this.charted.has(kind.key)) return kind.key;
    const [period] = kind.parameters;
    if (period?.name !== "period") return null; // of several numbers, which would belong together
    const others = numbersOf(kind.key).slice(1);
    const keys = OTHER_PERIODS.filter((each) => each >= period.low && each <= period.high).map((each) => [kind.name, each, ...others].join(":"));
    return keys.find((key) => !this.charted.has(key)) ?? null;
  }

  /**
   * A single line gets the colour that is used least; of several each has its own already.
   * @param {Kind} kind
   */
  #freshColor({ outputs }) {
    if (outputs.length !== 1 || outputs[0].draw !== "line") return {};
    const used = this.charted.indicators.flatMap(({ key, colors }) => Object.values(colors).concat(key === "ema:20" ? LINES[0] : []));
    const count = (/** @type {string} */ color) => used.filter((each) => each === color).length;
    const [least] = LINES.toSorted((one, other) => count(one) - count(other));
    return { [outputs[0].name]: least };
  }

  #showChosen() {
    if (!this.#dialog.open) return;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const place = { key: rowOf(focused)?.dataset.key, name: focused?.dataset.action ?? focused?.getAttribute("name") };
    const { indicators, catalogue, most } = this.charted;
    if (this.#open && !this.charted.has(this.#open)) this.#open = null;
    setText(byId("indicator-used"), `${indicators.length} of ${most}`);
    this.#chosen.replaceChildren(
      ...indicators.map((look, at) => settingsOf(catalogue.kindOf(look.key), look, { isOpen: look.key === this.#open, isFirst: at === 0, isLast: at === indicators.length - 1 })),
    );
    if (!indicators.length) this.#chosen.append(element("li", { class: "dim empty" }, "None. Choose one from the list."));
    if (!place.key || !place.name) return;
    const again = this.#row(this.charted.has(place.key) ? place.key : (this.#open ?? ""));
    /** @type {HTMLElement | null | undefined} */ (again?.querySelector(`[data-action="${place.name}"]:not(:disabled), [name="${place.name}"]`) ?? again?.querySelector("button"))?.focus();
  }

  /** @param {Event} event a button of a row */
  #act(event) {
    const button = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-action]"));
    const key = rowOf(button)?.dataset.key;
    if (!key) return;
    this.#say("");
    const step = { up: -1, down: 1 }[button.dataset.action];
    if (step) this.charted.change((looks) => moved(looks, key, step));
    else if (button.dataset.action === "remove") this.#remove(key);
    else if (button.dataset.action === "hide") this.charted.change((looks) => looks.map((each) => (each.key === key ? { ...each, hidden: !each.hidden } : each)));
    else {
      this.#open = this.#open === key ? null : key;
      this.#showChosen();
    }
  }

  /** @param {string} key */
  async #remove(key) {
    if (!(await this.charted.remove(key))) return;
    const next = this.#chosen.querySelector("button");
    (next ?? this.#input).focus();
  }

  /** @param {Event} event a field of a row has another value */
  async #set(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const row = rowOf(field);
    const key = row?.dataset.key;
    if (!key) return;
    this.#say("");
    if (!field.checkValidity()) return this.#say(`${field.labels[0].textContent}: ${field.validationMessage}`, "error");
    const changed = this.#read(row, key);
    if (changed.key !== key && this.charted.has(changed.key)) return this.#say(`${changed.key} is on the chart already.`, "error");
    if (this.#open === key) this.#open = changed.key;
    const isKept = await this.charted.change((looks) => looks.map((each) => (each.key === key ? { ...each, ...changed } : each)));
    if (!isKept && this.#open === changed.key) this.#open = key;
  }

  /** @param {Event} event a colour that is being chosen */
  #preview(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const key = rowOf(field)?.dataset.key;
    if (!key || field.type !== "color") return;
    const { colors } = this.charted.indicators.find((each) => each.key === key);
    this.charted.preview(key, { colors: { ...colors, [field.dataset.line]: field.value } });
  }

  /**
   * What the fields of a row say; a colour that was never chosen stays the usual one.
   * @param {HTMLElement} row
   * @param {string} key
   */
  #read(row, key) {
    const kind = this.charted.catalogue.kindOf(key);
    const fields = /** @type {NodeListOf<HTMLInputElement>} */ (row.querySelectorAll("input, select"));
    const named = new Map([...fields].map((field) => [field.name, field]));
    const before = this.charted.indicators.find((each) => each.key === key);
    const colors = { ...before.colors };
    for (const field of fields) {
      if (field.type === "color" && field.value !== field.defaultValue) colors[field.dataset.line] = field.value;
    }
    const numbers = kind.parameters.map(({ name }) => named.get(`number-${name}`).value.trim());
    return {
      key: [kind.name, ...numbers.map(Number)].join(":"),
      colors,
      width: Number(named.get("width")?.value ?? before.width),
      style: /** @type {any} */ (named.get("style")?.value ?? before.style),
    };
  }

  /** @param {string | null} key */
  #row(key) {
    return key === null ? null : /** @type {HTMLElement | null} */ (this.#chosen.querySelector(`[data-key="${CSS.escape(key)}"]`));
  }

  /**
   * @param {string} text
   * @param {string} level
   */
  #say(text, level = "") {
    setText(this.#said, text);
    this.#said.className = `said ${level}`;
  }
}

/**
 * @param {Element | null} inside
 * @returns {HTMLElement | null}
 */
function rowOf(inside) {
  return inside?.closest("li[data-key]") ?? null;
}

/**
 * @template {{key: string}} T
 * @param {T[]} looks
 * @param {string} key
 * @param {number} step
 */
function moved(looks, key, step) {
  const from = looks.findIndex((each) => each.key === key);
  const others = looks.filter((each) => each.key !== key);
  return others.toSpliced(from + step, 0, looks[from]);
}
