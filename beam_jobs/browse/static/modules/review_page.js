/** Queues of answers that are worth a look: one after the other, with the sound. */

import { about } from "./api.js";
import { AnswerEditor } from "./answer_editor.js";
import { fill, h, icon } from "./elements.js";
import { recordingPath } from "./paths.js";
import { decisionsOf, left, mayEdit, newPageId, queueOf, seen, settleCorrections, undoCorrections } from "./review_api.js";
import { keyHelp } from "./review_keys.js";
import { moment, plural, stretch } from "./times.js";

const QUEUES = [
  ["uncertain", "Least certain", "The answers of which the model was least sure."],
  ["flagged", "Flagged", "Answers with reasons to doubt them, most reasons first."],
  ["sample", "Sample", "Answers drawn at random by a seed, so that rates can be measured. You do not see what others said; a fifth is given to two people."],
  ["disagreements", "Models disagree", "Answers to which another model said something else."],
  ["decisions", "Decisions", "Corrections that contradict each other, or no longer fit."],
];
const SOURCES = [["", "All answers"], ["transcripts", "Transcripts"], ["captions", "Captions"], ["answers", "Questions"]];
const RATES = [0.75, 1, 1.25, 1.5, 2];
const STEP_MS = 2000;
const POLL_MS = 4000;

export class ReviewPage {
  constructor(url, player, router) {
    this.title = "Review – af3 archive";
    this.player = player;
    this.router = router;
    this.given = url.searchParams;
    this.queue = QUEUES.find(([name]) => name === this.given.get("queue")) ?? QUEUES[0];
    this.cards = [];
    this.pageId = newPageId();
    this.status = h("p", { class: "status", role: "status" }, "Loading the queue …");
    this.body = h("div", { class: "review-list" });
    this.figures = h("div", { class: "review-figures" });
    this.controls = h("div", {});
    this.element = h("div", { class: "review-page" },
      h("h1", {}, "Review"), this.controls, this.figures, this.status, this.body);
    this.ready = this.#start();
  }

  get fields() {
    return {
      corpus: this.given.get("corpus") ?? this.corpora[0],
      size: this.given.get("size") ?? "100",
      seed: this.given.get("seed") ?? "1",
      source: this.given.get("source") ?? "",
    };
  }

  async #start() {
    try {
      const { person, corpora } = await about();
      if (!mayEdit(person)) {
        this.status.textContent = "Only editors review: sign in as one.";
        return;
      }
      this.person = person;
      this.corpora = corpora.map(({ name }) => name);
      fill(this.controls, this.#tabs(), this.#form(), h("p", { class: "hint" }, this.queue[2]),
        this.queue[0] === "decisions" ? null : keyHelp());
      await this.#load();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error) {
    this.status.hidden = false;
    this.status.classList.add("is-error");
    this.status.textContent = error.message;
  }

  #path(changed) {
    const fields = new URLSearchParams({ queue: this.queue[0], ...this.fields, ...changed });
    return `/review?${fields}`;
  }

  #tabs() {
    return h("nav", { class: "review-tabs", "aria-label": "Queues" }, QUEUES.map(([name, label]) => (
      h("a", { href: this.#path({ queue: name }), "aria-current": name === this.queue[0] ? "page" : null }, label))));
  }

  #form() {
    const { corpus, size, seed, source } = this.fields;
    const go = (name) => (event) => this.router.go(this.#path({ [name]: event.target.value }));
    const choice = (label, name, value, options) => h("label", {}, label, " ",
      h("select", { onchange: go(name) }, options.map(([each, text]) => h("option", { value: each, selected: each === value }, text))));
    const number = (label, name, value, most) => h("label", {}, label, " ",
      h("input", { type: "number", min: 1, max: most, value, onchange: go(name) }));
    const isQueue = this.queue[0] !== "decisions";
    return h("p", { class: "review-form" },
      choice("Corpus", "corpus", corpus, this.corpora.map((each) => [each, each])),
      isQueue ? choice("Of", "source", source, SOURCES) : null,
      isQueue ? number("Size", "size", size, 1000) : null,
      this.queue[0] === "sample" ? number("Seed", "seed", seed, 1_000_000_000) : null);
  }

  async #load() {
    if (this.queue[0] === "decisions") {
      await this.#loadDecisions();
      return;
    }
    const found = await queueOf(this.queue[0], this.fields);
    this.#tellFigures(found);
    this.cards = found.items.map((item) => new QueueCard(item, this.player, this.person, this.#said, this));
    fill(this.body, this.cards.map((card) => card.element));
    this.status.hidden = this.cards.length > 0;
    this.status.textContent = found.count ? "Nothing is left for you here." : "This queue is empty.";
  }

  get #said() {
    const [name] = this.queue;
    return name === "sample" ? { queue: name, seed: Number(this.fields.seed) } : { queue: name };
  }

  #tellFigures(found) {
    this.found = found;
    const { count, judged, done, today, doubled, agreement } = found;
    const of = `${judged.toLocaleString("en-GB")} of ${count.toLocaleString("en-GB")} judged`;
    fill(this.figures,
      h("p", { class: "review-progress" },
        h("progress", { max: Math.max(count, 1), value: judged, "aria-label": "Progress of the queue" }),
        h("span", {}, of), h("span", {}, `${done.toLocaleString("en-GB")} by you`),
        h("span", {}, `${today.toLocaleString("en-GB")} by you today`),
        doubled === undefined ? null : h("span", {}, `${plural(doubled, "answer")} for two people`)),
      agreement?.length ? agreementTable(agreement) : null);
  }

  /** An answer was judged: the next one has the keyboard; more are asked for when none is left. */
  judged(card) {
    const at = this.cards.indexOf(card);
    if (at < 0) return;
    this.found = { ...this.found, done: this.found.done + 1, today: this.found.today + 1 };
    this.#tellFigures(this.found);
    const next = this.cards[at + 1] ?? this.cards.find((each) => each !== card && !each.isDone);
    card.rest();
    if (next) next.focus();
    if (this.cards.every((each) => each.isDone)) this.#load().catch((error) => this.#failed(error));
  }

  /** An answer is being edited, or no more: who else has it open is asked for while it is. */
  async edits(card, key) {
    clearTimeout(this.timer);
    if (this.isClosed) return;
    try {
      const { others } = await seen(this.pageId, card.item, key);
      card.editor.setOthers(key ? others.filter(({ place }) => place === key).map(({ person }) => person) : []);
    } catch {
      // it is asked again
    }
    clearTimeout(this.timer);
    if (key && card.editor.focused && !this.isClosed) this.timer = setTimeout(() => this.edits(card, key), POLL_MS);
  }

  /** Another page is shown. */
  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    if (this.cards.length) left(this.pageId, this.cards[0].item);
  }

  move(card, step) {
    this.cards[this.cards.indexOf(card) + step]?.focus();
  }

  async #loadDecisions() {
    const { corrections } = await decisionsOf(this.fields.corpus);
    fill(this.figures);
    this.status.hidden = corrections.length > 0;
    this.status.textContent = "Nothing needs a decision.";
    const places = Map.groupBy(corrections, (each) => [each.recording_id, each.start_ms, each.end_ms, each.task_id, each.channel].join("|"));
    fill(this.body, [...places.values()].map((said) => this.#decision(said)));
  }

  #decision(said) {
    const [first] = said;
    const line = h("p", { class: "editor-line", role: "status" });
    const decide = (how, id) => async () => {
      try {
        await how(this.fields.corpus, [id]);
        await this.#loadDecisions();
      } catch (error) {
        line.classList.add("is-error");
        line.textContent = error.message;
      }
    };
    const where = { recording_id: first.recording_id, corpus: this.fields.corpus };
    return h("article", { class: "card decision", "aria-label": `${first.task_id}, ${stretch(first.start_ms, first.end_ms)}` },
      h("h2", {}, h("a", { href: recordingPath(where, first.start_ms) }, first.object_uri.split("/").at(-1) || first.recording_id)),
      h("p", { class: "meta" }, `${first.task_id}, ${stretch(first.start_ms, first.end_ms)}`, h("span", {}, first.state)),
      first.value_now ? h("p", { class: "editor-model" }, h("span", { class: "field" }, "Model"), " ", first.value_now) : null,
      h("ul", { class: "decision-list" }, said.map((each) => h("li", {},
        h("p", {}, h("b", {}, each.corrected_by), `, ${moment(each.corrected_at)}: `, each.new_value || each.kind.replaceAll("_", " ")),
        h("button", { type: "button", onclick: decide(settleCorrections, each.correction_id), "aria-label": `What ${each.corrected_by} said holds` }, "This holds"),
        h("button", { type: "button", onclick: decide(undoCorrections, each.correction_id), "aria-label": `Undo what ${each.corrected_by} said` }, "Undo")))),
      line);
  }
}

/** One answer of a queue with its sound. */
class QueueCard {
  constructor(item, player, person, queue, page) {
    this.item = item;
    this.player = player;
    this.page = page;
    this.isDone = false;
    const { audio } = item;
    this.clips = audio ? [{ url: audio.url, start_ms: audio.clip_start_ms, end_ms: audio.clip_end_ms }] : [];
    this.endMs = audio ? Math.min(item.end_ms, audio.clip_end_ms) : item.end_ms;
    this.editor = new AnswerEditor(item, {
      person, queue, draft: item.draft,
      act: (action) => this.#act(action),
      editing: (key) => this.page.edits(this, key),
      saved: () => this.page.judged(this),
      undone: () => undefined,
    });
    this.status = h("p", { class: "player-line", role: "alert", hidden: true });
    this.button = h("button", {
      type: "button", class: "play", disabled: !this.clips.length, "aria-label": `Play ${this.editor.name}`, onclick: () => this.toggle(),
    }, icon(this.clips.length ? "play" : "silent"));
    this.element = h("div", { class: "card review-card" },
      h("header", { class: "card-head" }, this.button,
        h("p", { class: "meta" },
          h("a", { href: recordingPath(item, item.start_ms) }, item.file_name),
          h("span", {}, stretch(item.start_ms, item.end_ms)), h("span", {}, item.date))),
      this.editor.element, this.status);
  }

  focus() {
    this.editor.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  rest() {
    this.isDone = true;
    this.element.classList.add("is-done");
  }

  toggle() {
    if (!this.clips.length) return;
    if (this.player.owns(this) && this.player.playing) this.player.pause();
    else this.#playFrom(this.#positionMs >= this.endMs - 150 ? this.item.start_ms : this.#positionMs);
  }

  playerMoved() {}

  playerChanged(state, line) {
    const plays = state === "playing" || state === "waiting";
    this.button.setAttribute("aria-label", `${plays ? "Pause" : "Play"} ${this.editor.name}`);
    fill(this.button, icon(plays ? "pause" : "play"));
    this.status.hidden = !line;
    this.status.textContent = line;
  }

  get #positionMs() {
    return (this.player.owns(this) ? this.player.positionMs : null) ?? this.item.start_ms;
  }

  #playFrom(positionMs) {
    this.#seek(positionMs);
    this.player.play(this.endMs);
  }

  #seek(positionMs) {
    this.player.take(this, this.clips);
    this.player.seek(Math.max(this.item.start_ms, Math.min(positionMs, this.endMs - 150)));
  }

  #act(action) {
    const rate = RATES.indexOf(this.player.rate);
    if (action === "next" || action === "last") this.page.move(this, action === "next" ? 1 : -1);
    else if (action === "toggle") this.toggle();
    else if (action === "back" || action === "forward") this.#seek(this.#positionMs + (action === "back" ? -STEP_MS : STEP_MS));
    else this.player.rate = RATES[Math.min(Math.max(rate + (action === "faster" ? 1 : -1), 0), RATES.length - 1)];
  }
}

/** How far people agree on what two of them judged. */
function agreementTable(pairs) {
  const count = pairs.reduce((sum, pair) => sum + pair.count, 0);
  const agreed = pairs.reduce((sum, pair) => sum + pair.agreed, 0);
  return h("details", { class: "fold" },
    h("summary", {}, `Agreement: ${agreed} of ${count}`),
    h("table", { class: "provenance" },
      h("thead", {}, h("tr", {}, ["People", "Both right", "Both wrong", "Only the first right", "Only the second", "Agree", "Kappa"]
        .map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, pairs.map((pair) => h("tr", {},
        h("th", { scope: "row" }, pair.people.join(", ")),
        [pair.both_right, pair.both_wrong, pair.only_first_right, pair.only_second_right,
          `${Math.round((100 * pair.agreed) / pair.count)} %`, pair.kappa ?? "none"].map((each) => h("td", {}, String(each))))))));
}
