/** Asking about what is on screen: hold the button and speak, or write; one answer at a time. */

import { h, icon } from "./elements.js";
import { Exchange } from "./exchange.js";
import { canListen, Microphone } from "./microphone.js";
import { stretch } from "./times.js";

const TOO_SHORT_MS = 300;
const MOST_QUESTION_MS = 60_000;
const MOST_ABOUT_MS = 9 * 60_000;
const HOLD = "Hold to ask";
const KEYS = [" ", "Enter"];

export class AskPanel {
  #sampleRateHz;
  #choices;
  #quieten;
  #exchange = null;
  #microphone = null;
  #hold = null;

  /**
   * @param {{sample_rate_hz: number, model: string, voice: string}} talk what the server answers with
   * @param {function(): {name: string, about: object}[]} choices what can be asked about now
   * @param {function(): void} quieten makes the recording fall silent
   */
  constructor(talk, choices, quieten) {
    this.#sampleRateHz = talk.sample_rate_hz;
    this.#choices = choices;
    this.#quieten = quieten;
    this.#build(talk);
  }

  /** What can be asked about has changed. */
  refresh() {
    if (this.#hold) return;
    const chosen = Math.max(0, this.about.selectedIndex);
    const choices = this.#choices();
    this.about.replaceChildren(...choices.map(({ name }) => h("option", {}, name)));
    this.about.selectedIndex = Math.min(chosen, choices.length - 1);
    this.button.disabled = !choices.length || !canListen();
    this.send.disabled = !choices.length;
  }

  /** Ends the question that is asked and the answer that is given. */
  interrupt() {
    clearTimeout(this.#hold?.limit);
    this.#hold = null;
    this.#microphone?.close();
    this.#microphone = null;
    this.#showHeld(false);
    this.#exchange?.stop();
  }

  #build(talk) {
    this.button = h("button", {
      type: "button", class: "primary hold",
      onpointerdown: (event) => this.#pressed(event),
      onpointerup: () => this.#released(),
      onpointercancel: () => this.#released(),
      oncontextmenu: (event) => event.preventDefault(),
      onkeydown: (event) => KEYS.includes(event.key) && this.#keyed(event),
      onkeyup: (event) => KEYS.includes(event.key) && this.#unkeyed(event),
      onblur: () => this.#released(),
      onclick: (event) => this.#clicked(event),
    }, icon("microphone"), this.label = h("span", {}, HOLD));
    this.about = h("select", { "aria-label": "Ask about" });
    this.box = h("input", { type: "text", name: "question", maxlength: 2000, autocomplete: "off", placeholder: "or write a question", "aria-label": "Question" });
    this.send = h("button", { type: "submit" }, "Ask");
    this.hint = h("p", { class: "hint", role: "status" }, canListen() ? "" : "The microphone needs https or localhost: write your question.");
    this.log = h("div", { class: "exchanges", role: "log", "aria-label": "Questions and answers" });
    this.element = h("section", { class: "panel ask", "aria-label": "Ask" },
      this.button,
      this.about,
      h("form", { class: "ask-row", onsubmit: (event) => this.#written(event) }, this.box, this.send),
      this.hint,
      this.log,
      h("p", { class: "hint ask-by" }, `Answered by ${talk.model}, spoken by ${talk.voice}. Answers are not kept.`));
    this.refresh();
  }

  #pressed(event) {
    if (event.button) return;
    event.preventDefault();
    this.button.focus();
    this.button.setPointerCapture(event.pointerId);
    this.#begin();
  }

  #keyed(event) {
    event.preventDefault();
    if (!event.repeat && !this.#hold) this.#begin();
  }

  #unkeyed(event) {
    event.preventDefault();
    this.#released();
  }

  /** A screen reader presses without holding: the next press ends the question. */
  #clicked(event) {
    if (event.detail || event.pointerType) return;
    if (this.#hold) this.#released();
    else this.#begin();
  }

  async #begin() {
    this.interrupt();
    this.#quieten();
    const about = this.#chosen();
    if (!about || !canListen()) return;
    const hold = { sinceMs: performance.now(), limit: 0 };
    this.#hold = hold;
    this.#showHeld(true);
    this.#hint("");
    let microphone;
    try {
      microphone = await Microphone.open();
    } catch (error) {
      if (this.#hold === hold) this.interrupt();
      this.#hint(error.message);
      return;
    }
    if (this.#hold !== hold) {
      microphone.close();
      return;
    }
    hold.sinceMs = performance.now();
    hold.limit = setTimeout(() => this.#released(), MOST_QUESTION_MS - 500);
    this.#microphone = microphone;
    const exchange = this.#begun(new Exchange(about, "", this.#sampleRateHz));
    microphone.start((part) => exchange.hear(part), (level) => this.button.style.setProperty("--level", level.toFixed(3)));
  }

  async #released() {
    const hold = this.#hold;
    const microphone = this.#microphone;
    if (!hold) return;
    clearTimeout(hold.limit);
    if (!microphone || performance.now() - hold.sinceMs < TOO_SHORT_MS) {
      this.interrupt();
      if (microphone) this.#exchange.element.remove();
      this.#hint("Hold the button while you speak, and let it go to hear the answer.");
      return;
    }
    this.#hold = null;
    this.#microphone = null;
    this.#showHeld(false);
    const exchange = this.#exchange;
    await microphone.stop();
    if (exchange.running) exchange.finishQuestion();
  }

  #written(event) {
    event.preventDefault();
    const question = this.box.value.trim();
    const about = this.#chosen();
    if (!question || !about) return;
    this.interrupt();
    this.#quieten();
    this.#hint("");
    this.box.value = "";
    this.#begun(new Exchange(about, question, this.#sampleRateHz));
  }

  #begun(exchange) {
    this.#exchange = exchange;
    this.log.prepend(exchange.element);
    return exchange;
  }

  #chosen() {
    return this.#choices()[this.about.selectedIndex]?.about ?? null;
  }

  #showHeld(held) {
    this.button.classList.toggle("is-held", held);
    this.button.style.removeProperty("--level");
    this.label.textContent = held ? "Listening: let go to ask" : HOLD;
  }

  #hint(line) {
    this.hint.textContent = line;
  }
}

/** What a recording's page can be asked about at a time: the segment there, and its clip. */
export function choicesAt(recording, segment, clip, positionMs) {
  const place = { corpus: recording.corpus, date: recording.date, recording_id: recording.recording_id };
  const choices = [];
  if (segment?.audio) choices.push(choice("This segment", place, segment.clip_id, segment.start_ms, segment.end_ms));
  if (clip) {
    const startMs = Math.max(clip.start_ms, Math.min(positionMs - MOST_ABOUT_MS / 2, clip.end_ms - MOST_ABOUT_MS));
    const endMs = Math.min(clip.end_ms, startMs + MOST_ABOUT_MS);
    choices.push(choice("All around it", place, clip.clip_id, Math.round(startMs), Math.round(endMs)));
  }
  return choices;
}

function choice(name, place, clipId, startMs, endMs) {
  const about = { ...place, clip_id: clipId, start_ms: startMs, end_ms: endMs };
  return { name: `${name}, ${stretch(startMs, endMs)}`, about };
}
