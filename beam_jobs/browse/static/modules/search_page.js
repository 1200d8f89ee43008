/** The search page: one form, and the results of the address that is shown. */

import { about } from "./api.js";
import { h } from "./elements.js";
import { Results } from "./results.js";
import { SearchForm } from "./search_form.js";

const KEPT_RESULTS = 12;

export class SearchPage {
  constructor(player, router) {
    this.player = player;
    this.form = new SearchForm((query) => router.go(query ? `/?${query}` : "/", true));
    this.place = h("section", { class: "results", "aria-label": "Results", id: "results" });
    this.notices = h("div", { class: "notices" });
    this.element = h("div", { class: "search-page" },
      h("h1", { class: "hidden" }, "Search the archive"),
      h("a", { class: "skip", href: "#results" }, "Skip to the results"),
      this.form.element, this.form.filters,
      h("div", { class: "results-column" }, this.notices, this.place));
    this.kept = new Map();
    about().then((known) => this.form.offer(known), () => undefined);
  }

  /** The page for an address; results that Back returns to are shown as they were left. */
  show(url, entry) {
    this.form.fill(url.searchParams);
    const query = url.search.slice(1);
    let results = this.kept.get(entry);
    if (results?.query !== query || results.failed) {
      results = new Results(query, this.player);
      this.kept.delete(entry);
      this.kept.set(entry, results);
      if (this.kept.size > KEPT_RESULTS) this.kept.delete(this.kept.keys().next().value);
    }
    this.results = results;
    this.place.replaceChildren(results.element);
    const words = url.searchParams.get("q");
    return {
      title: words ? `${words} – af3 archive` : "af3 archive",
      element: this.element,
      ready: results.ready,
      key: (event) => this.results.key(event),
    };
  }

  focusBox() {
    this.form.box.focus();
    this.form.box.select();
    scrollTo(0, 0);
  }
}
