/**
 * Keeps a list of many pages light: the rows of a page far out of sight leave the document, which keeps their
 * height; they come back from the server before they are seen again.
 */

const KEPT_SCREENS = 12; // above and below what is seen

export class Shelf {
  /** @type {WeakMap<Element, AbortController>} pages whose rows are on their way */
  #fetching = new WeakMap();

  /** @param {HTMLElement} table */
  constructor(table) {
    this.table = table;
    const rootMargin = `${KEPT_SCREENS * 100}% 0px`;
    this.sight = new IntersectionObserver((seen) => seen.forEach((each) => this.#look(each)), { rootMargin });
    for (const chunk of table.querySelectorAll(".chunk")) this.sight.observe(chunk);
    new MutationObserver((changes) => this.#grown(changes)).observe(table, { childList: true });
  }

  /** @param {MutationRecord[]} changes */
  #grown(changes) {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node instanceof HTMLElement && node.classList.contains("chunk")) this.sight.observe(node);
      }
    }
  }

  /** @param {IntersectionObserverEntry} seen */
  #look({ target, isIntersecting, boundingClientRect }) {
    const chunk = /** @type {HTMLElement} */ (target);
    if (isIntersecting) this.#bring(chunk);
    else this.#putAway(chunk, boundingClientRect.height);
  }

  /**
   * @param {HTMLElement} chunk
   * @param {number} height
   */
  #putAway(chunk, height) {
    this.#fetching.get(chunk)?.abort();
    this.#fetching.delete(chunk);
    if (chunk.childElementCount === 0 || chunk.contains(document.activeElement)) return;
    chunk.style.blockSize = `${height}px`;
    chunk.replaceChildren();
  }

  /** @param {HTMLElement} chunk */
  async #bring(chunk) {
    if (chunk.childElementCount > 0 || this.#fetching.has(chunk)) return;
    const fetching = new AbortController();
    this.#fetching.set(chunk, fetching);
    try {
      const answer = await fetch(chunk.dataset.from ?? "", { signal: fetching.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      chunk.replaceChildren(...(page.querySelector(".chunk")?.children ?? []));
      chunk.style.blockSize = "";
    } catch {
      if (fetching.signal.aborted) return;
      // it is asked for again when next it comes near
      this.sight.unobserve(chunk);
      setTimeout(() => this.sight.observe(chunk), 2_000);
    } finally {
      if (this.#fetching.get(chunk) === fetching) this.#fetching.delete(chunk);
    }
  }
}
