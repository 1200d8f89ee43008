/**
 * One question and its answer over one socket.
 *
 * The listener has `asked()`, `text(piece)`, `speech(bytes)`, `written(text)`, `end(figures)` and
 * `failed(line)`; after `end` or `failed`, or once it was closed, nothing more comes.
 */

const GONE = "The server does not answer. Is af3 browse still running?";

export class Conversation {
  #socket;
  #listener;
  #unsent = [];

  /**
   * @param {object} about corpus, date, recording_id, clip_id, start_ms, end_ms
   * @param {string} text the question; where it is empty, its sound follows by `hear` and `end`
   */
  constructor(about, text, listener) {
    this.#listener = listener;
    this.#socket = new WebSocket(new URL("/api/talk", location.origin.replace(/^http/, "ws")));
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => this.#opened());
    this.#socket.addEventListener("message", ({ data }) => this.#received(data));
    this.#socket.addEventListener("close", () => this.#over("failed", GONE));
    this.#send(JSON.stringify({ about, text }));
  }

  /** @param {Blob} part of the microphone's recording */
  hear(part) {
    this.#send(part);
  }

  /** The question is whole. */
  end() {
    this.#send(JSON.stringify({ end: true }));
  }

  /** Interrupts: the server writes and speaks no more. */
  close() {
    this.#listener = null;
    this.#unsent = [];
    // a browser reports it as an error where a socket is closed before it was open: #opened does it then
    if (this.#socket.readyState !== WebSocket.CONNECTING) this.#socket.close();
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
    else if (this.#socket.readyState === WebSocket.CONNECTING) this.#unsent.push(message);
  }

  #opened() {
    if (!this.#listener) this.#socket.close();
    for (const message of this.#unsent) this.#socket.send(message);
    this.#unsent = [];
  }

  #received(data) {
    if (data instanceof ArrayBuffer) {
      this.#listener?.speech(data);
      return;
    }
    const { kind, ...told } = JSON.parse(data);
    if (kind === "asked") this.#listener?.asked();
    else if (kind === "text") this.#listener?.text(told.text);
    else if (kind === "answer") this.#listener?.written(told.text);
    else if (kind === "end") this.#over("end", told);
    else if (kind === "error") this.#over("failed", told.error);
  }

  #over(how, told) {
    const listener = this.#listener;
    this.#listener = null;
    listener?.[how](told);
  }
}
