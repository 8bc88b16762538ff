/**
 * Components in a page. htmx sends their events and puts the answers in place; here is what it leaves to
 * us: asking first, showing at once what is being sent, taking that back when no answer comes, and keeping
 * what is no component out of a component's place.
 */

import htmx from "htmx.org";
import { setText } from "../cells.js";

/** @typedef {{sourceElement: HTMLElement, confirm?: string, status: string, text?: string, request: {method: string, body: any}, response?: {status: number, headers: Headers}}} Context */
/** @typedef {(element: HTMLElement, text: string) => Promise<boolean>} Ask */

const COMPONENT = "[data-component]";
const UNREACHED = "The server cannot be reached. What was sent may have arrived, or not.";

/** What slots showed before an event was sent. @type {WeakMap<Context, () => void>} */
const before = new WeakMap();

/**
 * Begin to serve the components of this page.
 * @param {{ask: Ask}} parts `ask` decides whether an event with `hx-confirm` is sent
 */
export function serveComponents({ ask }) {
  on("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    ask(ctx.sourceElement, ctx.confirm).then((isWanted) => (isWanted ? issueRequest() : dropRequest()));
  });
  on("htmx:before:request", ({ detail: { ctx } }) => show(ctx));
  on("htmx:after:request", (event) => {
    if (isOurs(event.detail.ctx.response)) return;
    event.preventDefault(); // an error page, or a refusal: its sentence is shown, its HTML is not put in place
  });
  on("htmx:finally:request", ({ detail: { ctx } }) => {
    if (!before.has(ctx)) return;
    componentOf(ctx)?.removeAttribute("aria-busy");
    if (ctx.status !== "swapped") takeBack(ctx);
    before.delete(ctx);
  });
}

/**
 * Have a component drawn anew by the server.
 * @param {Element} component
 */
export function refresh(component) {
  htmx.trigger(component, "refresh");
}

/**
 * @param {string} name
 * @param {(event: CustomEvent<any>) => void} handler
 */
function on(name, handler) {
  document.addEventListener(name, /** @type {EventListener} */ (handler));
}

/** @param {Context["response"]} response */
function isOurs(response) {
  return response?.headers.get("X-Component") !== null;
}

/**
 * The optimistic patch: what the component says from now until it is answered.
 * @param {Context} ctx
 */
function show(ctx) {
  const component = componentOf(ctx);
  if (!component || ctx.request.method === "GET") return;
  const event = new URLSearchParams(ctx.request.body).get("event") ?? "";
  const patches = JSON.parse(component.dataset.optimistic || "{}")[event];
  if (!patches) return; // an event that changes nothing, such as a preview
  /** @type {(() => void)[]} */
  const undo = [];
  for (const [name, text] of Object.entries(patches)) {
    const slot = slotOf(component, name);
    if (!slot) continue;
    const { textContent, className } = slot;
    undo.push(() => {
      setText(slot, textContent);
      slot.className = className;
    });
    setText(slot, text);
    slot.className = "said sending";
  }
  component.setAttribute("aria-busy", "true");
  before.set(ctx, () => undo.forEach((each) => each()));
}

/**
 * Nothing was put in place: the component stands as it did, and says why.
 * @param {Context} ctx
 */
function takeBack(ctx) {
  const component = componentOf(ctx);
  before.get(ctx)();
  if (!component) return;
  const slot = slotOf(component, "notice");
  if (!slot) return;
  setText(slot, ctx.response ? sentence(ctx) : UNREACHED);
  slot.className = "said error";
}

/**
 * The sentence of an answer that is no component.
 * @param {Context} ctx
 */
function sentence({ text = "", response }) {
  if (response.headers.get("Content-Type")?.includes("json")) {
    try {
      return JSON.parse(text).detail;
    } catch {
      return `The server answered ${response.status}.`;
    }
  }
  const said = new DOMParser().parseFromString(text, "text/html").querySelector(".said, main p");
  return said?.textContent?.trim() || `The server answered ${response.status}.`;
}

/** @param {Context} ctx */
function componentOf({ sourceElement }) {
  return /** @type {HTMLElement | null} */ (sourceElement.closest(COMPONENT));
}

/**
 * @param {HTMLElement} component
 * @param {string} name
 */
function slotOf(component, name) {
  return /** @type {HTMLElement | null} */ (component.querySelector(`[data-slot="${name}"]`));
}
