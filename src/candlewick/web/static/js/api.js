/** Requests to our own server; what goes wrong comes as one kind of error with a sentence in it. */

/** An answer that is no success. `status` 0: the server could not be reached. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail a sentence for a person
   * @param {number | null} retryAfter seconds
   * @param {Record<string, string[]>} errors sentences by field
   */
  constructor(status, detail, retryAfter = null, errors = {}) {
    super(detail);
    this.errors = errors;
    this.name = "Problem";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** @param {Response} response */
async function problem(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  let detail = `The server answered ${response.status}.`;
  let errors = {};
  if (response.headers.get("Content-Type")?.includes("json")) {
    const body = await response.json().catch(() => null);
    detail = body?.detail ?? body?.title ?? detail;
    errors = body?.errors ?? {};
  }
  return new Problem(response.status, detail, retryAfter, errors);
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, "The server cannot be reached.");
  }
  if (!response.ok) throw await problem(response);
  return response.status === 204 ? null : response.json();
}

/**
 * @param {string} path
 * @param {Record<string, string | number | undefined>} [query] undefined ones are left out
 * @param {AbortSignal} [signal]
 */
export function get(path, query = {}, signal = undefined) {
  return request(address(path, query), { signal });
}

/**
 * The address that `get` asks; the page preloads the very same one.
 * @param {string} path
 * @param {Record<string, string | number | undefined>} query
 */
export function address(path, query) {
  const text = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  ).toString();
  return text ? `${path}?${text}` : path;
}

/**
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 */
export function send(method, path, body = undefined, headers = {}) {
  return request(path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** The token Django put into the page's forms; the cookie itself may be hidden from scripts. */
function csrfToken() {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=csrfmiddlewaretoken]"));
  return field?.value ?? "";
}

/**
 * Every item of a list that comes in pages.
 * @param {string} path
 * @param {Record<string, string | number | undefined>} [query]
 */
export async function getAll(path, query = {}) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...query, cursor });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}
