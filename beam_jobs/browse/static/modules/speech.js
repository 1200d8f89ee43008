/** Speech that is played while it still arrives, each chunk where the one before ends. */

const LEAD_S = 0.05;
const FULL_SCALE = 32768;

export class Speech {
  #context;
  #sources = new Set();
  #nextS = 0;
  #whole = false;
  #ended;

  /** @param {number} sampleRateHz of all chunks @param {function(): void} ended all was heard */
  constructor(sampleRateHz, ended) {
    // at the speech's own rate: chunks that were converted one by one would not join
    this.#context = new AudioContext({ sampleRate: sampleRateHz });
    this.#ended = ended;
  }

  /** @param {ArrayBuffer} bytes int16, mono */
  add(bytes) {
    const samples = Float32Array.from(new Int16Array(bytes), (sample) => sample / FULL_SCALE);
    if (!samples.length || this.#context.state === "closed") return;
    const buffer = this.#context.createBuffer(1, samples.length, this.#context.sampleRate);
    buffer.copyToChannel(samples, 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    source.addEventListener("ended", () => this.#heard(source));
    this.#nextS = Math.max(this.#nextS, this.#context.currentTime + LEAD_S);
    source.start(this.#nextS);
    this.#nextS += buffer.duration;
    this.#sources.add(source);
  }

  /** Nothing more arrives. */
  finish() {
    this.#whole = true;
    this.#heard(null);
  }

  /** Falls silent at once. */
  stop() {
    this.#sources.clear();
    if (this.#context.state !== "closed") this.#context.close();
  }

  #heard(source) {
    this.#sources.delete(source);
    if (!this.#whole || this.#sources.size || this.#context.state === "closed") return;
    this.#context.close();
    this.#ended();
  }
}
