/**
 * One audio element for the whole application, so that one thing plays at a time.
 *
 * Who plays is its owner: an object with `playerMoved(positionMs)` and `playerChanged(state, line)`,
 * where state is playing, paused, waiting, ended, failed (with a line to show) or released (another
 * one plays now). Times are those of the recording; its clips are played one after the other, and
 * what lies between two clips is passed over.
 */

export class Player {
  #audio;
  #owner = null;
  #clips = [];
  #at = -1;
  #untilMs = Infinity;
  #pendingMs = null;
  #stopped = false;
  #frame = 0;

  constructor(audio) {
    this.#audio = audio;
    audio.addEventListener("loadedmetadata", () => this.#land());
    audio.addEventListener("timeupdate", () => this.#moved());
    audio.addEventListener("seeked", () => this.#moved());
    audio.addEventListener("play", () => this.#changed("playing"));
    audio.addEventListener("playing", () => this.#changed("playing"));
    audio.addEventListener("waiting", () => audio.paused || this.#changed("waiting"));
    audio.addEventListener("pause", () => audio.ended || audio.error || this.#changed(this.#stopped ? "ended" : "paused"));
    audio.addEventListener("ended", () => this.#next());
    audio.addEventListener("error", () => this.#failed());
  }

  get playing() {
    return this.#owner !== null && !this.#audio.paused;
  }

  owns(owner) {
    return this.#owner === owner;
  }

  /** Where in the recording it is; null while nobody owns the player. */
  get positionMs() {
    if (this.#at < 0) return null;
    return this.#pendingMs ?? this.#clips[this.#at].start_ms + this.#audio.currentTime * 1000;
  }

  get rate() {
    return this.#audio.playbackRate;
  }

  set rate(rate) {
    this.#audio.defaultPlaybackRate = rate;
    this.#audio.playbackRate = rate;
  }

  /**
   * Makes somebody the owner, without playing.
   * @param {{url: string, start_ms: number, end_ms: number}[]} clips in order of time
   */
  take(owner, clips) {
    if (this.#owner === owner) return;
    this.release();
    this.#owner = owner;
    this.#clips = clips;
    this.#untilMs = Infinity;
  }

  /** Stops, and has no owner any more. */
  release() {
    const owner = this.#owner;
    this.#audio.pause();
    this.#owner = null;
    this.#clips = [];
    this.#at = -1;
    this.#pendingMs = null;
    owner?.playerChanged("released", "");
  }

  /** Plays on from where it is, at most until a time. */
  play(untilMs = Infinity) {
    if (this.#at < 0) return;
    this.#untilMs = untilMs;
    this.#stopped = false;
    this.#audio.play().catch((error) => {
      if (error.name === "NotAllowedError") this.#changed("failed", "The browser did not let it play: press play again.");
    });
  }

  pause() {
    this.#audio.pause();
  }

  /** Goes to a time: into the clip that holds it, or else the next one; plays on if it played. */
  seek(positionMs) {
    const found = this.#clips.findIndex((clip) => positionMs < clip.end_ms);
    const at = found < 0 ? this.#clips.length - 1 : found;
    if (at < 0) return;
    const clip = this.#clips[at];
    const target = Math.min(Math.max(positionMs, clip.start_ms), clip.end_ms);
    if (target >= this.#untilMs) this.#untilMs = Infinity;
    const playing = !this.#audio.paused;
    this.#pendingMs = target;
    if (at !== this.#at) {
      this.#at = at;
      this.#audio.src = clip.url;
      if (playing) this.play(this.#untilMs);
    } else if (this.#audio.readyState > 0) {
      this.#land();
    }
    this.#moved();
  }

  #land() {
    if (this.#pendingMs === null || this.#at < 0) return;
    const offsetMs = this.#pendingMs - this.#clips[this.#at].start_ms;
    this.#pendingMs = null;
    this.#audio.currentTime = offsetMs / 1000;
  }

  #next() {
    const next = this.#clips[this.#at + 1];
    if (!next || next.start_ms >= this.#untilMs) {
      this.#changed("ended");
      return;
    }
    this.seek(next.start_ms);
    this.play(this.#untilMs);
  }

  #moved() {
    const positionMs = this.positionMs;
    if (positionMs === null || !this.#owner) return;
    if (positionMs >= this.#untilMs && this.#pendingMs === null && !this.#audio.paused) {
      this.#stopped = true;
      this.#audio.pause();
      this.#owner.playerMoved(this.#untilMs);
      return;
    }
    this.#owner.playerMoved(positionMs);
    cancelAnimationFrame(this.#frame);
    if (!this.#audio.paused) this.#frame = requestAnimationFrame(() => this.#moved());
  }

  #changed(state, line = "") {
    this.#owner?.playerChanged(state, line);
    if (state === "playing") this.#moved();
  }

  #failed() {
    if (this.#at < 0) return;
    this.#changed("failed", "This audio cannot be played: its clip is gone or the browser knows no FLAC.");
  }
}
