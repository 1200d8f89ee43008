/** What is typed is kept at once in this browser, and soon on the server. */

import { keepDraft } from "./review_api.js";

const SEND_AFTER_MS = 1200;

export class DraftKeeper {
  #item;
  #name;
  #timer = 0;
  #sent = Promise.resolve();

  constructor(item, person) {
    this.#item = item;
    this.#name = `af3-draft|${person}|${item.corpus}|${item.recording_id}|${item.key}`;
  }

  /**
   * The newest draft of this browser and of the server; null where there is none.
   * @param {Object|null} sent the server's: {text, read, saved_at}
   */
  found(sent) {
    const here = this.#here();
    if (!here || !sent) return here ?? sent;
    return here.saved_at >= sent.saved_at ? here : sent;
  }

  /** Keeps a text; `failed(line)` is called where the server does not take it. */
  keep(text, read, failed) {
    try {
      localStorage.setItem(this.#name, JSON.stringify({ text, read, saved_at: new Date().toISOString() }));
    } catch {
      // full or switched off: the server has it soon
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(text, read, failed), SEND_AFTER_MS);
  }

  /** Forgets the draft here; on the server too where it is not saved, which forgets it there. */
  forget(isSaved) {
    clearTimeout(this.#timer);
    try {
      localStorage.removeItem(this.#name);
    } catch {
      // nothing was kept
    }
    if (!isSaved) this.#send(null, "", () => undefined);
  }

  /** Resolves when nothing is on its way: a draft must not arrive after the text that was saved. */
  settled() {
    clearTimeout(this.#timer);
    return this.#sent;
  }

  #send(text, read, failed) {
    this.#sent = this.#sent.then(() => keepDraft(this.#item, text, read)).catch((error) => failed(error.message));
  }

  #here() {
    try {
      const held = JSON.parse(localStorage.getItem(this.#name));
      return typeof held?.text === "string" ? held : null;
    } catch {
      return null;
    }
  }
}
