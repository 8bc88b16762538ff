/** The address bar and the browser's history follow what is looked at, and lead back to it. */

/** @param {import("./desk.js").Desk} desk */
export function followAddress(desk) {
  const here = () => ({ symbol: desk.symbol, interval: desk.interval });
  let isGoingBack = false;
  const remember = () => isGoingBack || history.pushState(here(), "", `?${new URLSearchParams(here())}`);
  history.replaceState(here(), "");
  desk.addEventListener("symbol", remember);
  desk.addEventListener("interval", remember);
  addEventListener("popstate", ({ state }) => {
    if (!state) return;
    isGoingBack = true;
    desk.go(state);
    isGoingBack = false;
  });
}
