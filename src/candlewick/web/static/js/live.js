/**
 * The one connection to `/ws/`: who wants which channel, reconnecting, and gaps in numbered channels.
 *
 * States: `connecting` → `live` ⇄ `reconnecting`, or `signed-out`/`refused`, which are final.
 * Events of the object: `state`, `problem` (an error message of the server), `engine` (it came or went).
 */

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 10_000;
const STEADY_MS = 10_000; // a connection that lasted so long has earned a fresh count of tries
const SILENCE_MS = 20_000;
const SYNC_EVERY_MS = 150; // the server closes whoever tells it more than 20 things a second
/** @type {Map<number, "signed-out" | "refused">} */
const FINAL = new Map([
  [4401, "signed-out"],
  [4403, "refused"],
]);

/** @typedef {{type: string, channel?: string, account?: number, seq?: number, data?: any, snapshot?: boolean, code?: string}} Message */
/** @typedef {(message: Message) => void} Handler */

export class Live extends EventTarget {
  /** @type {Map<string, Set<Handler>>} */
  #handlers = new Map();
  /** @type {Set<string>} channels the server was told about on this connection */
  #told = new Set();
  /** @type {Map<string, number>} */
  #lastSeq = new Map();
  /** @type {WebSocket | null} */
  #socket = null;
  #attempts = 0;
  #isSyncDue = false;
  #syncedAt = -Infinity;
  #heard = 0;
  #openedAt = 0;
  #lostAt = 0;
  #retry = 0;

  /** @param {string} path */
  constructor(path) {
    super();
    this.path = path;
    /** @type {"connecting" | "live" | "reconnecting" | "signed-out" | "refused"} */
    this.state = "connecting";
    this.engineIsAway = false;
  }

  open() {
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    setInterval(() => this.#watch(), 5_000);
    this.#connect();
  }

  /**
   * @param {string[]} channels `orders:7` means the orders of account 7; `orders`, those of the chosen account
   * @param {Handler} handler
   * @returns {() => void} call it to want them no longer
   */
  subscribe(channels, handler) {
    for (const channel of channels) {
      if (!this.#handlers.has(channel)) this.#handlers.set(channel, new Set());
      this.#handlers.get(channel).add(handler);
    }
    this.#syncSoon();
    return () => {
      for (const channel of channels) {
        const handlers = this.#handlers.get(channel);
        handlers?.delete(handler);
        if (handlers?.size === 0) this.#handlers.delete(channel);
      }
      this.#syncSoon();
    };
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    const url = new URL(this.path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
  }

  #opened() {
    this.#openedAt = this.#heard = performance.now();
    this.#told.clear();
    this.#lastSeq.clear();
    this.#setEngineAway(false); // if it is, the server says so at once
    const downFor = this.#lostAt ? performance.now() - this.#lostAt : 0;
    this.#lostAt = 0;
    this.#sync();
    this.#become("live", { downFor });
  }

  /** @param {number} code */
  #closed(code) {
    this.#socket = null;
    const final = FINAL.get(code);
    if (final) return this.#become(final, { code });
    const now = performance.now();
    this.#lostAt ||= now;
    if (this.#openedAt && now - this.#openedAt > STEADY_MS) this.#attempts = 0;
    this.#openedAt = 0;
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    const wait = ceiling * (0.5 + Math.random() / 2); // jitter: a thousand pages must not come back at once
    this.#retry = setTimeout(() => this.#connect(), wait);
    this.#become(this.state === "connecting" ? "connecting" : "reconnecting", { code, attempt: this.#attempts, wait });
  }

  /** @param {Live["state"]} state */
  #become(state, detail = {}) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, ...detail } }));
  }

  #hurry() {
    if (this.#retry) this.#connect();
  }

  /** A connection that died without a word is found by its silence. */
  #watch() {
    if (this.state !== "live" || this.engineIsAway) return;
    if (performance.now() - this.#heard > SILENCE_MS) this.#socket?.close();
  }

  /** @param {string} text */
  #take(text) {
    this.#heard = performance.now();
    /** @type {Message} */
    const message = JSON.parse(text);
    const { type, channel, account, seq } = message;
    if (type === "error" && message.code === "engine_away") this.#setEngineAway(true);
    else if (type === "error") this.dispatchEvent(new CustomEvent("problem", { detail: message }));
    else if (type === "status") this.#setEngineAway(message.data.engine !== "live");
    if (channel === undefined) return;
    const named = account === undefined ? channel : `${channel}:${account}`;
    if (seq !== undefined && !this.#isNext(type, named, seq)) return;
    for (const name of new Set([named, channel])) {
      for (const handler of [...(this.#handlers.get(name) ?? [])]) handler(message);
    }
  }

  /** @param {boolean} isAway */
  #setEngineAway(isAway) {
    if (isAway === this.engineIsAway) return;
    this.engineIsAway = isAway;
    this.dispatchEvent(new Event("engine"));
  }

  /**
   * Whether a numbered message follows the last one; if it leaves a gap, the snapshot is asked for.
   * @param {string} type
   * @param {string} channel
   * @param {number} seq
   */
  #isNext(type, channel, seq) {
    const last = this.#lastSeq.get(channel);
    if (type.endsWith("_snapshot") || last === undefined || seq === last + 1) {
      this.#lastSeq.set(channel, seq);
      return true;
    }
    if (seq > last) this.#send({ action: "resync", channel });
    return false;
  }

  #syncSoon() {
    if (this.#isSyncDue) return;
    this.#isSyncDue = true;
    const sync = () => {
      this.#isSyncDue = false;
      this.#sync();
    };
    const wait = this.#syncedAt + SYNC_EVERY_MS - performance.now();
    if (wait > 0) setTimeout(sync, wait);
    else queueMicrotask(sync);
  }

  /** Tell the server the difference between what it knows and what is wanted. */
  #sync() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#syncedAt = performance.now();
    const gone = [...this.#told].filter((channel) => !this.#handlers.has(channel));
    const fresh = [...this.#handlers.keys()].filter((channel) => !this.#told.has(channel));
    if (gone.length) this.#send({ action: "unsubscribe", channels: gone });
    if (fresh.length) this.#send({ action: "subscribe", channels: fresh });
    for (const channel of gone) {
      this.#told.delete(channel);
      this.#lastSeq.delete(channel);
    }
    for (const channel of fresh) this.#told.add(channel);
  }

  /** @param {unknown} message */
  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
