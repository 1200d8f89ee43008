/** The microphone while somebody speaks: its sound in parts as it is recorded, and how loud it is. */

const FORMATS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const PART_MS = 250;
const REASONS = {
  NotAllowedError: "The browser may not use the microphone: allow it beside the address, or write your question.",
  NotFoundError: "No microphone was found: connect one, or write your question.",
  NotReadableError: "The microphone is in use elsewhere: close what uses it, or write your question.",
};

/** Whether this page may ask for a microphone; browsers allow it on https and on localhost. */
export function canListen() {
  return Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
}

export class Microphone {
  #stream;
  #recorder;
  #context = null;

  /** Asks for the microphone. Every failure is an Error whose message is one line to show. */
  static async open() {
    try {
      return new Microphone(await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } }));
    } catch (error) {
      throw new Error(REASONS[error.name] ?? "The microphone cannot be used: write your question.");
    }
  }

  constructor(stream) {
    this.#stream = stream;
    const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    this.#recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  }

  /**
   * Records until `stop`.
   * @param {function(Blob): void} taken a part of the recording
   * @param {function(number): void} level how loud it is, 0 to 1, for each picture of the screen
   */
  start(taken, level) {
    this.#recorder.addEventListener("dataavailable", ({ data }) => data.size && taken(data));
    this.#recorder.start(PART_MS);
    this.#measure(level);
  }

  /** Ends the recording; all parts have been given when the promise is kept. */
  async stop() {
    if (this.#recorder.state !== "inactive") {
      const stopped = new Promise((kept) => this.#recorder.addEventListener("stop", kept, { once: true }));
      this.#recorder.stop();
      await stopped;
    }
    this.close();
  }

  /** Lets the microphone go; what is not given yet is dropped. */
  close() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context?.close();
    this.#context = null;
  }

  #measure(level) {
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    const heard = new Float32Array(analyser.fftSize);
    this.#context.createMediaStreamSource(this.#stream).connect(analyser);
    const look = () => {
      if (!this.#context) return;
      analyser.getFloatTimeDomainData(heard);
      level(heard.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0));
      requestAnimationFrame(look);
    };
    look();
  }
}
