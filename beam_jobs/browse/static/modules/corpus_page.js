/** One corpus: what there is, its charts, its nights and its newest recordings. */

import { corpus, ownPath } from "./api.js";
import { facts, fill, h } from "./elements.js";
import { flagLabels } from "./flags.js";
import { recordingPath, searchPath } from "./paths.js";
import { clock, day, length, percent } from "./times.js";

export class CorpusPage {
  constructor(name) {
    this.name = name;
    this.title = `${name} – af3 archive`;
    this.element = h("div", { class: "corpus-page" }, h("h1", {}, name), h("p", { class: "status", role: "status" }, "Loading the corpus …"));
    this.ready = this.#load();
  }

  async #load() {
    let found;
    try {
      found = await corpus(this.name);
    } catch (error) {
      fill(this.element, h("h1", {}, this.name), h("p", { class: "status is-error", role: "alert" }, error.message));
      return;
    }
    fill(this.element,
      h("h1", {}, found.name),
      this.#facts(found.nights),
      charts(found.charts),
      this.#nights(found.nights),
      this.#recordings(found.recordings));
  }

  #facts(nights) {
    const sum = (name) => nights.reduce((total, night) => total + night[name], 0);
    const days = nights.map((night) => night.date).sort();
    return facts([
      ["Nights", nights.length.toLocaleString("en-GB")],
      ["From", days.length ? day(days[0]) : null],
      ["Until", days.length ? day(days.at(-1)) : null],
      ["Recordings", sum("recordings").toLocaleString("en-GB")],
      ["Length", length(sum("duration_ms"))],
      ["Annotated", percent(sum("annotated_ms"), sum("duration_ms"))],
      ["", h("a", { href: searchPath({ corpus: this.name }) }, "Search in it")],
    ], "facts large-facts");
  }

  #nights(nights) {
    const rows = [...nights].sort((a, b) => (a.date < b.date ? 1 : -1));
    return h("section", {}, h("h2", {}, "Nights"), scrolling("Nights", h("table", { class: "data" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Day"),
        ["Recordings", "Length", "Annotated", "Skipped", "Failed"].map((name) => h("th", { scope: "col", class: "number" }, name)))),
      h("tbody", {}, rows.map((night) => h("tr", {},
        h("th", { scope: "row" }, h("a", {
          href: searchPath({ corpus: this.name, since: night.date, until: night.date }), title: "Search in this night",
        }, day(night.date))),
        h("td", { class: "number" }, night.recordings.toLocaleString("en-GB")),
        h("td", { class: "number" }, length(night.duration_ms)),
        h("td", { class: "number" }, length(night.annotated_ms), " ", h("span", { class: "share" }, percent(night.annotated_ms, night.duration_ms))),
        h("td", { class: "number" }, night.skipped_ms ? length(night.skipped_ms) : "–"),
        h("td", { class: night.failed_ms ? "number is-bad" : "number" }, night.failed_ms ? length(night.failed_ms) : "–")))))));
  }

  #recordings(recordings) {
    return h("section", {}, h("h2", {}, "Newest recordings"), scrolling("Newest recordings", h("table", { class: "data" },
      h("thead", {}, h("tr", {}, ["Recording", "Day"].map((name) => h("th", { scope: "col" }, name)),
        h("th", { scope: "col", class: "number" }, "Length"), h("th", { scope: "col" }, "Status"))),
      h("tbody", {}, recordings.map((row) => h("tr", {},
        h("th", { scope: "row" }, h("a", { href: recordingPath({ ...row, corpus: this.name }) }, row.file_name)),
        h("td", {}, day(row.date)),
        h("td", { class: "number" }, clock(row.duration_ms)),
        h("td", {}, h("span", { class: row.status === "annotated" ? "" : "is-bad" }, row.status), flagLabels(row.flags))))))));
  }
}

function charts(list) {
  if (!list.length) return null;
  return h("section", {}, h("h2", { class: "hidden" }, "Charts"),
    h("div", { class: "charts" }, list.map(({ title, url }) => h("figure", {},
      h("img", { src: ownPath(url), alt: title, loading: "lazy" })))));
}

function scrolling(name, table) {
  return h("div", { class: "scrolling", tabindex: "0", role: "region", "aria-label": name }, table);
}
