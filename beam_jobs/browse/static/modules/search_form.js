/** What is searched for: the box and the filters, which read and write the page's address. */

import { fill, h, icon } from "./elements.js";
import { flagMeaning, flagName } from "./flags.js";

const MODES = [
  ["hybrid", "words and meaning"],
  ["words", "words only"],
  ["meaning", "meaning only"],
];
const SPEECH = [["any", "with or without speech"], ["with", "with speech"], ["without", "without speech"]];
const KINDS = [
  ["segment", "Passages", "At most 30 seconds, cut at pauses"],
  ["clip", "Clips", "Some minutes that were heard as a whole"],
  ["chapter", "Chapters", "Parts of a recording, by their summaries"],
  ["recording", "Recordings", "Whole recordings, by their summaries"],
];
const DEFAULTS = { mode: "hybrid", speech: "any" };

export class SearchForm {
  /** @param {function(string): void} changed gets the query string of the new search */
  constructor(changed) {
    this.changed = changed;
    this.like = "";
    this.box = h("input", {
      type: "search", name: "q", id: "q", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
      placeholder: "Words, \"a phrase\", +must, -mustnot …", "aria-describedby": "syntax",
    });
    this.corpus = h("select", { name: "corpus" }, h("option", { value: "" }, "all corpora"));
    this.language = h("select", { name: "language" }, h("option", { value: "" }, "all languages"));
    this.flags = h("div", { class: "choices" });
    this.likeLine = h("p", { class: "like", hidden: true });
    this.reset = h("button", { type: "button", class: "plain", onclick: () => this.#clear(), hidden: true }, "Clear filters");
    this.filters = h("details", { class: "filters", open: matchMedia("(min-width: 60rem)").matches },
      h("summary", {}, "Filters"), this.#fields());
    this.element = h("form", { class: "search", role: "search", onsubmit: (event) => this.#submitted(event) },
      h("div", { class: "search-box" },
        h("label", { for: "q", class: "hidden" }, "Search the archive"),
        icon("search"), this.box,
        h("button", { type: "submit", class: "primary" }, "Search")),
      syntaxLine(),
      this.likeLine);
    this.filters.addEventListener("change", () => this.#send());
  }

  /** Offers the corpora, languages and flags that there are. */
  offer({ corpora, languages, flags }) {
    const chosen = this.query();
    fill(this.corpus, h("option", { value: "" }, "all corpora"),
      corpora.map(({ name }) => h("option", { value: name }, name)));
    const names = new Intl.DisplayNames(["en"], { type: "language" });
    fill(this.language, h("option", { value: "" }, "all languages"),
      languages.map((code) => h("option", { value: code }, names.of(code))));
    this.language.closest("label").hidden = !languages.length;
    fill(this.flags, flags.map((flag) => checkbox("without_flag", flag, flagName(flag), flagMeaning(flag))));
    this.flags.closest("fieldset").hidden = !flags.length;
    this.fill(new URLSearchParams(this.pending ?? chosen));
  }

  /** Shows what a query string asks for. */
  fill(given) {
    this.pending = given.toString();
    this.like = given.get("like") ?? "";
    this.box.value = given.get("q") ?? "";
    for (const field of this.filters.querySelectorAll("input, select")) {
      const values = given.getAll(field.name);
      if (field.type === "checkbox") field.checked = values.includes(field.value);
      else field.value = values[0] ?? DEFAULTS[field.name] ?? "";
    }
    this.reset.hidden = ![...given.keys()].some((name) => name !== "q" && name !== "like");
    this.#showLike();
  }

  /** The query string of what the form shows; what is as usual is left out. */
  query() {
    const given = new URLSearchParams();
    const words = this.box.value.trim();
    if (words) given.set("q", words);
    else if (this.like) given.set("like", this.like);
    for (const field of this.filters.querySelectorAll("input, select")) {
      const chosen = field.type === "checkbox" ? field.checked : field.value !== (DEFAULTS[field.name] ?? "");
      if (chosen && field.value) given.append(field.name, field.value);
    }
    return given.toString();
  }

  #submitted(event) {
    event.preventDefault();
    this.#send();
  }

  #send() {
    this.changed(this.query());
  }

  #clear() {
    this.fill(new URLSearchParams(this.box.value.trim() ? { q: this.box.value } : this.like ? { like: this.like } : {}));
    this.#send();
    this.box.focus();
  }

  #showLike() {
    this.likeLine.hidden = !this.like;
    fill(this.likeLine, icon("wave"), h("span", {}, "What sounds like segment ", h("code", {}, this.like)),
      h("a", { href: "/" }, "Search by words again"));
  }

  #fields() {
    return h("div", { class: "filter-fields" },
      labelled("Corpus", this.corpus),
      h("div", { class: "pair" },
        labelled("From", h("input", { type: "date", name: "since" })),
        labelled("Until", h("input", { type: "date", name: "until" }))),
      labelled("Search by", choice("mode", MODES)),
      labelled("Speech", choice("speech", SPEECH)),
      labelled("Language", this.language),
      h("fieldset", {}, h("legend", {}, "Find"),
        h("div", { class: "choices" }, KINDS.map(([kind, name, what]) => checkbox("kind", kind, name, what)))),
      h("fieldset", {}, h("legend", {}, "Doubt"),
        checkbox("unflagged", "true", "without any flag", "Only places that there is no reason to doubt")),
      h("fieldset", { hidden: true }, h("legend", {}, "Hide what is flagged"), this.flags),
      this.reset);
  }
}

function syntaxLine() {
  const example = (text, what) => h("span", {}, h("code", {}, text), ` ${what}`);
  return h("p", { class: "syntax", id: "syntax" },
    example("\"a phrase\"", "exactly"), example("+word", "must"), example("-word", "must not"),
    example("transcript:word", "in one field (caption, answers, summary)"), example("similar~", "also misspelt"));
}

function labelled(name, field) {
  return h("label", { class: "field" }, h("span", {}, name), field);
}

function choice(name, options) {
  return h("select", { name }, options.map(([value, text]) => h("option", { value }, text)));
}

function checkbox(name, value, text, what) {
  return h("label", { class: "check", title: what }, h("input", { type: "checkbox", name, value }), h("span", {}, text));
}
