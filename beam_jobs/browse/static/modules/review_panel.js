/** Review beside the sound: the editors of the segment that is heard, and who else is here. */

import { AnswerEditor } from "./answer_editor.js";
import { fill, h } from "./elements.js";
import { answersOf, left, nameVoice, newPageId, seen } from "./review_api.js";
import { keyHelp } from "./review_keys.js";
import { clock, plural, stretch } from "./times.js";

const POLL_MS = 4000;
const ORDER = ["transcripts", "captions", "answers"];

export class ReviewPanel {
  /**
   * @param {Object} found answer of /api/recording
   * @param {{name: string}} person
   * @param {Object} page `play(ms)`, `act(action)` for the keys of the sound, `goTo(segment number)`, and
   *   `corrected(segment number, text)` when a transcript reads otherwise
   */
  constructor(found, person, page) {
    this.found = found;
    this.person = person;
    this.page = page;
    this.items = null;
    this.drafts = new Map();
    this.editors = [];
    this.at = -1;
    this.wanted = -1;
    this.editing = "";
    this.news = null;
    this.pageId = newPageId();
    this.here = h("p", { class: "review-here", role: "status" });
    this.body = h("div", { class: "editors" });
    this.title = h("h2", {}, "Review");
    this.voices = h("div", { class: "editors" });
    this.element = h("section", { class: "panel review", "aria-label": "Review" },
      this.title, this.here, this.body, this.voices, keyHelp());
    this.closed = () => left(this.pageId, this.found.recording);
    addEventListener("pagehide", this.closed);
    this.ready = this.#load();
  }

  /** Shows the editors of a segment, unless the reader is writing in another one. */
  show(number) {
    this.wanted = number;
    if (this.editors.some((editor) => editor.focused || editor.busy)) return;
    if (number !== this.at) this.#build(number);
  }

  /** Ends what it does in the background. */
  close() {
    clearTimeout(this.timer);
    removeEventListener("pagehide", this.closed);
    this.closed();
    this.isClosed = true;
  }

  async #load() {
    await this.#renew();
    this.#poll();
  }

  async #renew() {
    try {
      const { items, drafts, voices } = await answersOf(this.found.recording);
      if (!this.voices.contains(document.activeElement)) this.#showVoices(voices);
      this.items = items;
      this.drafts = new Map(drafts.map((draft) => [keyOf(draft), draft]));
    } catch (error) {
      fill(this.here, error.message);
      return;
    }
    const byKey = new Map(this.items.map((item) => [item.key, item]));
    for (const editor of this.editors) if (byKey.has(editor.item.key)) editor.renew(byKey.get(editor.item.key));
    this.found.segments.forEach((segment, number) => {
      const said = this.items.find((item) => item.source === "transcripts" && item.segment_id === segment.segment_id);
      if (said) this.page.corrected(number, said.text);
    });
    if (!this.editors.length) this.#build(this.wanted);
  }

  #build(number) {
    const segment = this.found.segments[number];
    this.at = number;
    this.title.textContent = segment ? `Review, ${stretch(segment.start_ms, segment.end_ms)}` : "Review";
    const desk = {
      person: this.person,
      queue: {},
      act: (action, editor) => this.#act(action, editor),
      editing: (key) => this.#edits(key),
      saved: (editor) => this.#saved(editor),
      undone: () => this.#renew(),
    };
    this.editors = segment && this.items ? this.#itemsOf(segment).map((item) => (
      new AnswerEditor(item, { ...desk, draft: this.drafts.get(item.key) ?? null }))) : [];
    fill(this.body, this.editors.length
      ? this.editors.map((editor) => editor.element)
      : h("p", { class: "hint" }, this.items ? "No answer here to review." : "Loading the answers …"));
  }

  /** Where turns are known, each voice can be named. */
  #showVoices(voices) {
    if (!voices.length) return;
    fill(this.voices, h("h3", {}, "Speakers"), voices.map((voice) => {
      const line = h("span", { class: "editor-line", role: "status" });
      const field = h("input", { "aria-label": `Name of voice ${voice.voice}`, value: voice.name, placeholder: `voice ${voice.voice}`, maxlength: 200 });
      const name = async (event) => {
        event.preventDefault();
        try {
          await nameVoice(this.found.recording, voice.voice, field.value.trim());
          fill(line, "Saved.");
        } catch (error) {
          fill(line, error.message);
        }
      };
      const start = voice.example_start_ms;
      return h("form", { class: "editor-row", onsubmit: name },
        h("button", { type: "button", class: "time", "aria-label": `Hear voice ${voice.voice} from ${clock(start)}`, onclick: () => this.page.play(start) }, clock(start)),
        field, h("button", { type: "submit" }, "Name"),
        h("span", { class: "hint" }, plural(voice.turns, "turn"), voice.by ? `, by ${voice.by}` : null), line);
    }));
  }

  #itemsOf(segment) {
    return this.items
      .filter((item) => item.segment_id === segment.segment_id
        || (!item.segment_id && item.start_ms <= segment.start_ms && segment.start_ms < item.end_ms))
      .sort((a, b) => ORDER.indexOf(a.source) - ORDER.indexOf(b.source));
  }

  #act(action, editor) {
    if (action !== "next" && action !== "last") {
      this.page.act(action);
      return;
    }
    const number = this.at + (action === "next" ? 1 : -1);
    if (!this.found.segments[number]) return;
    const place = this.editors.indexOf(editor);
    this.#build(number);  // what was typed is a draft
    this.page.goTo(number);
    (this.editors[place] ?? this.editors[0])?.focus();
  }

  #edits(key) {
    this.editing = key;
    if (!this.isClosed) this.#look();
  }

  #saved(editor) {
    const { item } = editor;
    this.items = this.items.map((each) => (each.key === item.key ? item : each));
    this.drafts.delete(item.key);
    if (item.source === "transcripts" && item.segment_id) {
      this.page.corrected(this.found.segments.findIndex((segment) => segment.segment_id === item.segment_id), item.text);
    }
  }

  #poll() {
    if (this.isClosed) return;
    this.#look().finally(() => {
      this.timer = setTimeout(() => this.#poll(), POLL_MS);
    });
  }

  /** Says where this page is, and looks who else is here and what they changed. */
  async #look() {
    try {
      const { others, news } = await seen(this.pageId, this.found.recording, this.editing);
      const names = [...new Set(others.map(({ person }) => person))];
      const line = names.length ? `Also here: ${names.join(", ")}` : "";
      if (this.here.textContent !== line) fill(this.here, line);
      for (const editor of this.editors) {
        editor.setOthers(others.filter(({ place }) => place === editor.item.key).map(({ person }) => person));
      }
      const isNew = this.news !== null && news !== this.news;
      this.news = news;
      if (isNew) await this.#renew();
    } catch (error) {
      fill(this.here, error.message);
    }
  }
}

/** The key of a draft's answer, as items have it. */
function keyOf({ source, task_id: taskId, start_ms: startMs, end_ms: endMs, channel }) {
  return [source, taskId, startMs, endMs, channel ?? ""].join("|");
}
