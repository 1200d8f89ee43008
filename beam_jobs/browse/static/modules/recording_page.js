/** One recording: listen, read along, and see what is known about it. */

import { about, recording, spectrogramOf } from "./api.js";
import { showAnnotations } from "./annotations.js";
import { AskPanel, choicesAt } from "./ask_panel.js";
import { fill, h, icon } from "./elements.js";
import { likePath } from "./paths.js";
import { recordingHead, wholeSections } from "./recording_parts.js";
import { mayEdit } from "./review_api.js";
import { ReviewPanel } from "./review_panel.js";
import { Strip } from "./strip.js";
import { Timeline } from "./timeline.js";
import { clock, stretch } from "./times.js";
import { TranscriptPanel } from "./transcript_panel.js";

const RATES = [0.75, 1, 1.25, 1.5, 2];
const STEP_MS = 5000;
const EDITOR_STEP_MS = 2000;

export class RecordingPage {
  constructor(recordingId, url, player, router) {
    this.player = player;
    this.router = router;
    this.title = "Recording – af3 archive";
    this.startMs = Math.max(0, Math.round(1000 * (Number(url.searchParams.get("t")) || 0)));
    this.shown = -2;
    this.strip = null;
    this.ask = null;
    this.review = null;
    this.element = h("div", { class: "recording-page" }, h("p", { class: "status", role: "status" }, "Loading the recording …"));
    this.ready = this.#load(recordingId, url.searchParams);
  }

  key(event) {
    if (!this.found) return;
    if (event.key === "Escape") this.ask?.interrupt();
    else if (event.key === " ") this.toggle();
    else if (event.key === "ArrowRight") this.seek(this.positionMs + STEP_MS);
    else if (event.key === "ArrowLeft") this.seek(this.positionMs - STEP_MS);
    else return;
    event.preventDefault();
  }

  get positionMs() {
    return this.player.positionMs ?? this.startMs;
  }

  toggle() {
    if (!this.found.clips.length) return;
    if (this.player.playing) this.player.pause();
    else this.play(this.#ended ? 0 : this.positionMs);
  }

  play(positionMs) {
    this.seek(positionMs);
    this.player.play();
  }

  seek(positionMs) {
    if (!this.found.clips.length) return this.playerMoved(positionMs);
    this.player.take(this, this.found.clips);
    this.player.seek(Math.max(0, Math.min(positionMs, this.found.recording.duration_ms)));
    if (!this.player.playing) this.#keepTime();
    return undefined;
  }

  playerMoved(positionMs) {
    this.timeline.move(positionMs);
    this.strip?.move(positionMs);
    this.clock.textContent = clock(positionMs);
    this.#showSegment(this.panel.move(positionMs));
  }

  playerChanged(state, line) {
    const plays = state === "playing" || state === "waiting";
    this.button.setAttribute("aria-label", plays ? "Pause" : "Play");
    fill(this.button, icon(plays ? "pause" : "play"));
    if (plays || state === "released") this.ask?.interrupt();
    this.element.classList.toggle("is-waiting", state === "waiting");
    this.status.hidden = !line;
    this.status.textContent = line;
    if (state === "paused" || state === "ended") this.#keepTime();
  }

  async #load(recordingId, given) {
    try {
      this.found = await recording(recordingId, given.get("corpus"), given.get("date"));
    } catch (error) {
      fill(this.element, h("h1", {}, "Recording"),
        h("p", { class: "status is-error", role: "alert" }, error.message),
        h("p", {}, h("a", { href: "/" }, "Search the archive")));
      return;
    }
    this.found.clips.sort((a, b) => a.start_ms - b.start_ms);
    this.title = `${this.found.recording.file_name} – af3 archive`;
    if (this.router.page === this) document.title = this.title;
    this.#build();
    this.#offerAsking();
    this.#offerReview();
    if (this.router.page === this) this.seek(this.startMs);
    this.panel.follow();
  }

  #build() {
    const { found } = this;
    const play = (positionMs) => this.play(positionMs);
    this.timeline = new Timeline(found, (positionMs) => this.seek(positionMs), () => this.toggle());
    this.panel = new TranscriptPanel(found, play);
    this.now = h("div", { class: "now-body" });
    this.nowTitle = h("h2", {}, "Here");
    this.button = h("button", { type: "button", class: "play large", "aria-label": "Play", onclick: () => this.toggle() }, icon("play"));
    this.clock = h("span", { class: "clock" }, clock(this.startMs));
    this.status = h("p", { class: "player-line", role: "alert", hidden: true });
    fill(this.element,
      recordingHead(found),
      this.#deck(),
      h("div", { class: "recording-columns" },
        this.asking = h("div", { hidden: true }),
        this.panel.element,
        h("div", { class: "side" },
          this.reviewing = h("div", { hidden: true }),
          h("section", { class: "panel now" }, this.nowTitle, this.now),
          wholeSections(found, play))));
  }

  /** Where the server has a model, whatever is on screen can be asked about. */
  #offerAsking() {
    about().then(({ talk }) => {
      if (!talk || !this.found.clips.length || this.router.page !== this) return;
      this.ask = new AskPanel(talk, () => this.#askable(), () => this.player.pause());
      this.asking.replaceWith(this.ask.element);
    }, () => undefined);
  }

  /** Whoever may correct has the editors beside the sound; others see nothing of them. */
  #offerReview() {
    about().then(({ person }) => {
      if (!mayEdit(person) || this.router.page !== this) return;
      this.review = new ReviewPanel(this.found, person, {
        play: (positionMs) => this.play(positionMs),
        act: (action) => this.#act(action),
        goTo: (number) => this.seek(this.found.segments[number].start_ms),
        corrected: (number, text) => this.panel.setText(number, text),
      });
      this.reviewing.replaceWith(this.review.element);
      this.review.show(this.shown);
    }, () => undefined);
  }

  #act(action) {
    const rate = RATES.indexOf(this.player.rate);
    if (action === "toggle") this.toggle();
    else if (action === "back") this.seek(this.positionMs - EDITOR_STEP_MS);
    else if (action === "forward") this.seek(this.positionMs + EDITOR_STEP_MS);
    else this.#setRate(RATES[Math.min(Math.max(rate + (action === "faster" ? 1 : -1), 0), RATES.length - 1)]);
  }

  #setRate(rate) {
    this.player.rate = rate;
    this.rates.value = String(rate);
  }

  /** Another page is shown. */
  close() {
    this.review?.close();
  }

  #askable() {
    const { recording: row, segments, clips } = this.found;
    const clip = clips.find(({ start_ms: startMs, end_ms: endMs }) => startMs <= this.positionMs && this.positionMs < endMs);
    return choicesAt(row, segments[this.shown], clip, this.positionMs);
  }

  #deck() {
    const { found } = this;
    if (!found.clips.length) {
      this.button.disabled = true;
      this.status.hidden = false;
      this.status.textContent = "The audio of this recording is not kept.";
    }
    return h("section", { class: "deck", "aria-label": "Player" },
      h("div", { class: "controls" },
        this.button,
        h("p", { class: "position" }, this.clock, h("span", { class: "of" }, ` / ${clock(found.recording.duration_ms)}`)),
        h("label", { class: "rate" }, h("span", { class: "hidden" }, "Speed"),
          this.rates = h("select", { onchange: (event) => { this.player.rate = Number(event.target.value); } },
            RATES.map((rate) => h("option", { value: rate, selected: rate === this.player.rate }, `${rate} ×`))))),
      this.timeline.element,
      this.status);
  }

  #showSegment(number) {
    if (number === this.shown) return;
    this.shown = number;
    this.ask?.refresh();
    this.review?.show(number);
    const segment = this.found.segments[number];
    this.strip = null;
    if (!segment) {
      this.nowTitle.textContent = "Here";
      fill(this.now, h("p", { class: "hint" }, "Between two segments: this stretch was not cut."));
      return;
    }
    this.nowTitle.textContent = `Here, ${stretch(segment.start_ms, segment.end_ms)}`;
    this.strip = new Strip({
      url: segment.audio ? spectrogramOf(this.found.recording, segment.segment_id) : null,
      startMs: segment.start_ms,
      endMs: segment.end_ms,
      name: `segment ${stretch(segment.start_ms, segment.end_ms)}`,
      seek: (positionMs) => this.seek(positionMs),
      toggle: () => this.toggle(),
    });
    const told = h("div", {});
    showAnnotations(told, segment);
    fill(this.now, this.strip.element, told, this.#likeLink(segment));
  }

  #likeLink(segment) {
    if (segment.status !== "annotated" && segment.status !== "partial") return null;
    return h("p", { class: "card-links" },
      h("a", { href: likePath(segment.segment_id) }, icon("wave"), "Sounds like this"));
  }

  get #ended() {
    const last = this.found.clips.at(-1);
    return this.positionMs >= last.end_ms - 100;
  }

  /** The address follows where the reader stopped, so that it can be sent to somebody. */
  #keepTime() {
    if (this.router.page !== this) return;
    const url = new URL(location.href);
    url.searchParams.set("t", (Math.round(this.positionMs / 100) / 10).toString());
    this.router.rename(url.pathname + url.search);
  }
}
