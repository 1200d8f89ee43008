/** The hits of one search: notices, cards, more, and what to say when there are none. */

import { search } from "./api.js";
import { Card } from "./card.js";
import { fill, h } from "./elements.js";
import { plural } from "./times.js";

const PAGE_HITS = 20;

export class Results {
  /** @param {string} query the query string of the page */
  constructor(query, player) {
    this.query = query;
    this.player = player;
    this.cards = [];
    this.failed = false;
    this.status = h("p", { class: "status", role: "status" }, "Searching …");
    this.notices = h("div", {});
    this.list = h("ol", { class: "cards" });
    this.more = h("button", { type: "button", class: "more", hidden: true, onclick: () => this.#loadMore() }, "More results");
    this.element = h("div", {}, this.notices, this.status, this.list, this.more);
    this.ready = this.#load();
  }

  /** j and k go from hit to hit; space plays the hit that has the focus, or played last. */
  key(event) {
    if (event.key === "j") this.#focus(1);
    else if (event.key === "k") this.#focus(-1);
    else if (event.key === " ") this.#current()?.toggle();
    else return;
    event.preventDefault();
  }

  #focus(step) {
    const at = this.cards.findIndex((card) => card.element.contains(document.activeElement));
    const next = at < 0 ? 0 : at + step;
    this.cards[next]?.focus();
  }

  #current() {
    return this.cards.find((card) => card.element.contains(document.activeElement))
      ?? this.cards.find((card) => this.player.owns(card))
      ?? this.cards[0];
  }

  async #load() {
    this.more.disabled = true;
    this.element.setAttribute("aria-busy", "true");
    try {
      const found = await search(this.query, PAGE_HITS, this.cards.length);
      this.#show(found);
    } catch (error) {
      this.failed = true;
      this.more.hidden = true;
      this.status.classList.add("is-error");
      fill(this.status, error.message, " ",
        h("button", { type: "button", class: "plain", onclick: () => this.#again() }, "Try again"));
    }
    this.element.removeAttribute("aria-busy");
    this.more.disabled = false;
  }

  #again() {
    this.failed = false;
    this.status.classList.remove("is-error");
    fill(this.status, "Searching …");
    this.ready = this.#load();
  }

  async #loadMore() {
    const first = this.cards.length;
    await this.#load();
    this.cards[first]?.focus();
  }

  #show({ hits, more, notices, took_ms: tookMs }) {
    fill(this.notices, notices.map((line) => h("p", { class: "notice" }, line)));
    for (const hit of hits) {
      const card = new Card(hit, this.player);
      this.cards.push(card);
      this.list.append(h("li", {}, card.element));
    }
    this.more.hidden = !more;
    fill(this.status, this.#line(more), h("span", { class: "took" }, `${Math.max(1, Math.round(tookMs))} ms`));
  }

  #line(more) {
    const given = new URLSearchParams(this.query);
    const count = this.cards.length;
    if (!count) {
      return given.size
        ? "Nothing found. Fewer words, or fewer filters, find more."
        : "Nothing is published here yet: af3 annotate makes a night.";
    }
    if (given.get("q")) return more ? `The best ${plural(count, "place")}` : `${plural(count, "place")} found`;
    if (given.get("like")) return `The ${plural(count, "place")} that sound most like it`;
    return more ? `The newest ${plural(count, "recording")}` : `Newest recordings: ${count.toLocaleString("en-GB")}`;
  }
}
