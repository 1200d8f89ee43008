/** A question with its answer, as it is read and heard; it can be stopped. */

import { Conversation } from "./conversation.js";
import { fill, h, icon } from "./elements.js";
import { Speech } from "./speech.js";
import { stretch } from "./times.js";

export class Exchange {
  #conversation;
  #speech;
  #line = h("span", { class: "exchange-state", role: "status" });
  #answer = h("p", { class: "exchange-answer" });
  #stop = h("button", { type: "button", class: "stop", onclick: () => this.stop() }, icon("stop"), "Stop");
  #running = true;
  #answered = "Answered";

  /**
   * @param {object} about the stretch, as a conversation takes it
   * @param {string} question in writing; empty where it is spoken
   * @param {number} sampleRateHz of the answer's speech
   */
  constructor(about, question, sampleRateHz) {
    this.#speech = new Speech(sampleRateHz, () => this.#ended(this.#answered));
    this.#conversation = new Conversation(about, question, this);
    this.element = h("article", { class: "exchange" },
      h("p", { class: "exchange-question" }, question || "Asked aloud",
        h("span", { class: "exchange-about" }, ` about ${stretch(about.start_ms, about.end_ms)}`)),
      this.#answer,
      h("p", { class: "exchange-foot" }, this.#line, this.#stop));
    this.#say(question ? "Thinking …" : "Listening …");
  }

  get running() {
    return this.#running;
  }

  /** @param {Blob} part of the spoken question */
  hear(part) {
    this.#conversation.hear(part);
  }

  /** The spoken question is whole. */
  asked() {
    this.#say("Thinking …");
  }

  finishQuestion() {
    this.#conversation.end();
    this.#say("Thinking …");
  }

  /** Interrupts writing and speaking. */
  stop() {
    if (!this.#running) return;
    this.#ended("Stopped");
  }

  text(piece) {
    this.#answer.append(piece);
    this.#say("Answering …");
  }

  speech(bytes) {
    this.#speech.add(bytes);
  }

  written(text) {
    this.#answer.textContent = text;
    this.#say("Speaking …");
  }

  end(figures) {
    this.element.dataset.figures = JSON.stringify(figures);
    if (figures.first_sound_s) this.#answered += `, first sound after ${figures.first_sound_s.toFixed(1)} s`;
    this.#speech.finish();
  }

  failed(line) {
    this.#ended(line);
    this.element.classList.add("is-failed");
  }

  #ended(line) {
    if (!this.#running) return;
    this.#running = false;
    this.#conversation.close();
    this.#speech.stop();
    this.#stop.remove();
    this.#say(line);
  }

  #say(line) {
    if (this.#line.textContent !== line) fill(this.#line, line);
  }
}
