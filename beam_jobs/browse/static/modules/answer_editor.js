/** One answer as an editor has it: the text to mend, verdicts, flags, undo, and what others do. */

import { DraftKeeper } from "./draft_keeper.js";
import { fill, h } from "./elements.js";
import { flagMeaning, flagName } from "./flags.js";
import { actionOf } from "./review_keys.js";
import { saveAnswer, undoCorrections } from "./review_api.js";
import { moment, stretch } from "./times.js";

const NAMES = { transcripts: "Transcript", captions: "Caption" };
const VERDICTS = { right: "right", wrong: "wrong", empty: "nothing is said here" };
const FLAGS = ["low_confidence", "looping_text", "no_speech", "cut_off", "of_interest"];

let nextId = 0;

export class AnswerEditor {
  /**
   * @param {Object} item an answer of /api/review
   * @param {Object} desk who it stands with:
   *   person {name}, queue ({} or {queue, seed}), draft (of the server, or null),
   *   act(action, editor) for keys, editing(key) when it is begun or left,
   *   saved(editor) and undone(editor) afterwards
   */
  constructor(item, desk) {
    this.item = item;
    this.desk = desk;
    this.id = `answer-${nextId++}`;
    this.keeper = new DraftKeeper(item, desk.person.name);
    this.read = item.latest;
    this.busy = false;
    this.field = this.#field();
    this.line = h("p", { class: "editor-line", role: "status" });
    this.told = h("div", {});
    this.other = h("p", { class: "editor-other", hidden: true });
    this.clash = h("div", { class: "editor-clash", role: "alert", hidden: true });
    this.element = h("article", { class: "editor", "aria-label": this.name },
      h("h3", {}, h("label", { for: this.id }, this.title)),
      this.other, this.field, this.told, this.clash, this.#buttons(), this.line);
    this.#tell();
    this.#restore();
  }

  get title() {
    return NAMES[this.item.source] ?? (this.item.question || this.item.task_id);
  }

  get name() {
    return `${this.title}, ${stretch(this.item.start_ms, this.item.end_ms)}`;
  }

  /** What is shown of the answer: its option, or its text. */
  get shown() {
    return this.#isChoice ? this.item.choice : this.item.text;
  }

  /** Whether the editor wrote something that is not saved. */
  get dirty() {
    return this.field.value !== this.shown;
  }

  get focused() {
    return this.element.contains(document.activeElement);
  }

  focus() {
    this.field.focus();
  }

  /** Other people who have the answer open. */
  setOthers(people) {
    this.other.hidden = !people.length;
    this.other.textContent = people.length
      ? `${[...new Set(people)].map((each) => (each === this.desk.person.name ? "You, in another window," : each)).join(" and ")} ${people.length > 1 ? "have" : "has"} this open too.` : "";
  }

  /** The answer as the server has it by now; what is being written stays. */
  renew(item) {
    const { dirty } = this;
    this.item = item;
    if (!dirty) {
      this.field.value = this.shown;
      this.read = item.latest;
    }
    this.#tell();
  }

  /** Saves what stands in the field; an unchanged text of the model's is right. */
  save() {
    const value = this.#isChoice ? this.field.value : this.field.value.trim();
    const model = this.#isChoice ? this.item.original_choice : this.item.original_text;
    if (value === model) {
      this.field.value = this.shown;
      return this.#say({ kind: "right" });
    }
    if (!value) return this.#isChoice ? undefined : this.#say({ kind: "empty" });
    return this.#say({ kind: this.#isChoice ? "choice" : "text", new_value: value });
  }

  async #say(said) {
    if (this.busy) return;
    if ((said.kind === "right" || said.kind === "wrong") && this.dirty) {
      this.#note("You have changed the text: save it, or set it back first.", true);
      return;
    }
    this.busy = true;
    this.#note("Saving …");
    const model = this.#isChoice ? this.item.original_choice : this.item.original_text;
    try {
      await this.keeper.settled();
      const kept = await saveAnswer(this.item, { old_value: model, ...said }, this.read, this.desk.queue);
      this.clash.hidden = true;
      if (kept.correction) this.#take(kept.correction);
      if (said.kind === "flag_set" || said.kind === "flag_lifted") this.#flag(said);
      else this.keeper.forget(true);
      this.#tell();
      this.#note("Saved.");
      this.desk.saved(this);
    } catch (error) {
      this.#note(error.message, true);
      if (error.status === 409 && error.body?.theirs) this.#meet(error.body.theirs, said);
      else if (said.kind === "text") this.keeper.keep(this.field.value, this.read, () => undefined);
    } finally {
      this.busy = false;
    }
  }

  #take(correction) {
    const { kind } = correction;
    const given = { text: correction.new_value, choice: correction.new_value, empty: "" }[kind];
    const key = this.#isChoice ? "choice" : "text";
    this.item = { ...this.item, correction, latest: correction.id, [key]: given ?? this.item[`original_${key}`] };
    this.read = correction.id;
    this.field.value = this.shown;
  }

  #flag({ kind, new_value: flag }) {
    const others = this.item.flags.filter((each) => each !== flag);
    this.item = { ...this.item, flags: kind === "flag_set" ? [...others, flag] : others };
  }

  /** Another one was first: both are shown, and nothing is lost. */
  #meet(theirs, mine) {
    const value = VERDICTS[theirs.kind] ?? theirs.new_value;
    this.clash.hidden = false;
    fill(this.clash,
      h("p", {}, h("b", {}, theirs.by), ` said at ${moment(theirs.at)}:`),
      h("p", { class: "said" }, value),
      h("p", { class: "editor-row" },
        h("button", { type: "button", onclick: () => this.#yield(theirs) }, `Take what ${theirs.by} said`),
        h("button", { type: "button", onclick: () => { this.read = theirs.id; this.#say(mine); } }, "Save mine over it")));
  }

  #yield(theirs) {
    this.clash.hidden = true;
    this.keeper.forget(false);
    this.#take(theirs);
    this.#tell();
    this.#note(`What ${theirs.by} said stands.`);
    this.desk.saved(this);
  }

  async #undo() {
    try {
      await undoCorrections(this.item.corpus, [this.item.correction.id]);
      this.field.value = this.shown;
      this.#note("Undone.");
      this.desk.undone(this);
    } catch (error) {
      this.#note(error.message, true);
    }
  }

  #restore() {
    const draft = this.keeper.found(this.desk.draft);
    if (!draft || draft.text === this.shown) return;
    this.field.value = draft.text;
    if (this.field.value !== draft.text) return;
    this.read = draft.read;
    this.#note("Your draft is back. ", false, h("button", { type: "button", class: "plain", onclick: () => this.#discard() }, "Discard it"));
  }

  #discard() {
    this.keeper.forget(false);
    this.field.value = this.shown;
    this.read = this.item.latest;
    this.#note("");
    this.focus();
  }

  get #isChoice() {
    return this.item.options.length > 0;
  }

  #field() {
    const given = {
      id: this.id,
      onfocus: () => this.desk.editing(this.item.key),
      onblur: () => this.desk.editing(""),
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event),
    };
    const { options, choice } = this.item;
    if (!options.length) {
      const field = h("textarea", { ...given, rows: 3, spellcheck: "true", "aria-keyshortcuts": "Control+Enter" });
      field.value = this.item.text;
      return field;
    }
    const listed = options.includes(choice) ? options : [choice, ...options];
    const field = h("select", given, listed.map((option) => h("option", { value: option }, option || "no answer")));
    field.value = choice;
    return field;
  }

  #typed() {
    if (this.dirty) this.keeper.keep(this.field.value, this.read, (line) => this.#note(`The draft is kept in this browser alone: ${line}`, true));
    else this.keeper.forget(false);
  }

  #pressed(event) {
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    if (action === "save") this.save();
    else this.desk.act(action, this);
  }

  #buttons() {
    const button = (label, said, hint) => h("button", { type: "button", title: hint, onclick: said }, label);
    this.right = button("Right", () => this.#say({ kind: "right" }), "The model's answer is right");
    this.wrong = button("Wrong", () => this.#say({ kind: "wrong" }), "The model's answer is wrong; you need not know better");
    this.undoing = button("Undo", () => this.#undo(), "Undo the correction that is shown");
    return h("div", { class: "editor-row" },
      h("button", { type: "button", class: "primary", onclick: () => this.save() }, "Save"),
      this.right, this.wrong, this.undoing, this.#flagAdder());
  }

  #flagAdder() {
    const adder = h("select", {
      "aria-label": `Set a flag on ${this.name}`,
      onchange: () => { const flag = adder.value; adder.value = ""; if (flag) this.#say({ kind: "flag_set", new_value: flag }); },
    }, h("option", { value: "" }, "Set a flag …"),
    FLAGS.map((flag) => h("option", { value: flag }, flagName(flag))));
    return adder;
  }

  #tell() {
    const { correction, flags } = this.item;
    const model = this.#isChoice ? this.item.original_choice : this.item.original_text;
    this.right.setAttribute("aria-pressed", String(correction?.kind === "right"));
    this.wrong.setAttribute("aria-pressed", String(correction?.kind === "wrong"));
    this.undoing.hidden = !correction;
    fill(this.told,
      correction ? h("p", { class: "editor-said" },
        VERDICTS[correction.kind] ? `${correction.by}: ${VERDICTS[correction.kind]}` : `corrected by ${correction.by}`,
        correction.at ? `, ${moment(correction.at)}` : null) : null,
      correction && model !== this.shown ? h("p", { class: "editor-model" }, h("span", { class: "field" }, "Model"), " ", model || "nothing") : null,
      this.item.others?.map((other) => h("p", { class: "editor-model" }, h("span", { class: "field" }, other.model), " ", other.text || "nothing")),
      flags.length ? h("ul", { class: "flags", "aria-label": "Reasons to doubt" }, flags.map((flag) => h("li", { class: "flag", title: flagMeaning(flag) },
        flagName(flag), " ",
        h("button", {
          type: "button", class: "plain lift", "aria-label": `Lift the flag ${flagName(flag)}`,
          onclick: () => this.#say({ kind: "flag_lifted", new_value: flag }),
        }, "×")))) : null);
  }

  #note(line, isError = false, ...more) {
    this.line.classList.toggle("is-error", isError);
    fill(this.line, line, more);
  }
}
