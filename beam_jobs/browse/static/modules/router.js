/**
 * Which page an address shows, without loading the application anew.
 *
 * A route is [pattern, open]; `open(match, url, entry)` gives a page: {title, element,
 * key(event) (optional), close() (optional: another page is shown), ready (a promise, optional: then a kept place can be scrolled to)}.
 * `entry` names the place in the browser's history, so that a page can keep what Back returns to.
 */

let nextEntry = Date.now();

export class Router {
  #routes;
  #main;
  #before;
  #page = null;

  /**
   * @param {HTMLElement} main where pages are shown
   * @param {function(URL): void} before called before another page is shown
   */
  constructor(main, routes, before) {
    this.#main = main;
    this.#routes = routes;
    this.#before = before;
    history.scrollRestoration = "manual";
    addEventListener("popstate", () => this.#show(true));
    addEventListener("scrollend", () => this.#keepPlace());
    document.addEventListener("click", (event) => this.#followed(event));
  }

  get page() {
    return this.#page;
  }

  start() {
    this.#show(true);
  }

  /** Shows another address; `keepFocus` leaves the focus where the reader works. */
  go(path, keepFocus = false) {
    this.#keepPlace();
    history.pushState({ entry: nextEntry++ }, "", path);
    this.#show(false, keepFocus);
  }

  /** The address of the page that is shown changes; Back does not return to the old one. */
  rename(path) {
    history.replaceState(history.state, "", path);
  }

  #followed(event) {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.("a[href]");
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    if (!this.#routeOf(link.pathname) || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  #routeOf(path) {
    for (const [pattern, open] of this.#routes) {
      const match = path.match(pattern);
      if (match) return [match, open];
    }
    return null;
  }

  #show(returning, keepFocus = false) {
    const url = new URL(location.href);
    if (history.state?.entry === undefined) history.replaceState({ entry: nextEntry++ }, "");
    const [match, open] = this.#routeOf(url.pathname) ?? this.#routeOf("/");
    this.#before(url);
    const page = open(match, url, history.state.entry);
    const another = page.element !== this.#page?.element;
    if (another) this.#page?.close?.();
    this.#page = page;
    if (another) this.#main.replaceChildren(page.element);
    document.title = page.title;
    const place = returning ? history.state.scrollY ?? 0 : 0;
    if (!keepFocus) scrollTo(0, place);
    if (another && !keepFocus && !returning) this.#main.focus({ preventScroll: true });
    if (place) page.ready?.then(() => this.#page === page && scrollTo(0, place));
  }

  #keepPlace() {
    if (history.state?.entry === undefined) return;
    history.replaceState({ ...history.state, scrollY: Math.round(scrollY) }, "");
  }
}
