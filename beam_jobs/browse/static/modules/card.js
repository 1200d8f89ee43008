/** One hit: what was found, its sound, and what is known about that place. */

import { answerList, captionLine, correctionLine, namedTexts, provenanceFold, thinkingFold } from "./annotations.js";
import { fill, h, icon } from "./elements.js";
import { flagLabels } from "./flags.js";
import { markedNodes, marksWithin, utf16Marks } from "./marks.js";
import { corpusPath, likePath, recordingPath } from "./paths.js";
import { Strip } from "./strip.js";
import { clock, day, length, stretch } from "./times.js";
import { allEstimated, ESTIMATED, Words } from "./words.js";

const KINDS = { clip: "Clip", chapter: "Chapter", recording: "Whole recording" };
const FIELDS = { transcript: "Said", caption: "Caption", answers: "Answer", summary: "Summary" };
const LAST_MS = 150;
const LEAD_MS = 300;

export class Card {
  /**
   * @param {Object} hit CARD of the server
   * @param {Player} player
   */
  constructor(hit, player) {
    this.hit = hit;
    this.player = player;
    this.clips = hit.audio
      ? [{ url: hit.audio.url, start_ms: hit.audio.clip_start_ms, end_ms: hit.audio.clip_end_ms }]
      : [];
    this.name = `${hit.file_name}, ${stretch(hit.start_ms, hit.end_ms)}`;
    this.endMs = hit.audio ? Math.min(hit.end_ms, hit.audio.clip_end_ms) : hit.end_ms;
    this.button = this.#button();
    this.status = h("p", { class: "player-line", role: "alert", hidden: true });
    this.strip = this.clips.length ? this.#strip() : null;
    this.words = null;
    this.momentMs = hit.start_ms;
    this.element = this.#article();
  }

  /** Plays from what matches, where its time is known, else from the hit's start; or on from where it was stopped; pauses if it plays. */
  toggle() {
    if (!this.clips.length) return;
    if (this.player.owns(this) && this.player.playing) this.player.pause();
    else this.playFrom(this.#resumeMs());
  }

  playFrom(positionMs) {
    this.seek(positionMs);
    this.player.play(this.endMs);
  }

  seek(positionMs) {
    this.player.take(this, this.clips);
    this.player.seek(Math.max(this.hit.start_ms, Math.min(positionMs, this.endMs - LAST_MS)));
  }

  focus() {
    this.element.focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  playerMoved(positionMs) {
    this.strip?.move(positionMs);
    this.words?.follow(positionMs);
  }

  playerChanged(state, line) {
    const plays = state === "playing" || state === "waiting";
    this.element.classList.toggle("is-playing", plays);
    this.element.classList.toggle("is-waiting", state === "waiting");
    this.#showButton(plays);
    this.status.hidden = !line;
    this.status.textContent = line;
    if (state === "ended" || state === "released") {
      this.strip?.move(null);
      this.words?.rest();
    }
  }

  #resumeMs() {
    const positionMs = this.player.owns(this) ? this.player.positionMs : null;
    const within = positionMs !== null && positionMs >= this.hit.start_ms && positionMs < this.endMs - LAST_MS;
    return within ? positionMs : this.momentMs;
  }

  #article() {
    const { hit } = this;
    const marks = utf16Marks(hit.context, hit.marks);
    const spoken = hit.transcript ? this.#transcript(marks) : null;
    const inCaption = hit.caption ? marksWithin(hit.caption.text, hit.context, marks) : null;
    const told = (spoken?.marked ?? false) || (hit.field === "caption" && inCaption !== null);
    return h("article", { class: "card", tabindex: "-1", "aria-label": this.name },
      this.#head(),
      this.strip?.element,
      this.status,
      told || !hit.context ? null : this.#context(marks),
      spoken?.element,
      captionLine(hit.caption, hit.field === "caption" ? inCaption ?? [] : []),
      answerList(hit.answers),
      h("footer", { class: "card-foot" },
        thinkingFold(hit.thinking, hit.answers),
        provenanceFold(namedTexts(hit.caption, hit.transcript, hit.answers)),
        this.#links()));
  }

  #head() {
    const { hit } = this;
    return h("header", { class: "card-head" },
      this.button,
      h("div", { class: "card-title" },
        h("h3", {}, h("a", { href: recordingPath(hit, hit.start_ms) }, hit.file_name)),
        h("p", { class: "meta" },
          KINDS[hit.kind] ? h("span", { class: "kind" }, KINDS[hit.kind]) : null,
          h("span", { class: "when" }, stretch(hit.start_ms, hit.end_ms),
            hit.duration_ms ? h("span", { class: "of" }, ` of ${clock(hit.duration_ms)}`) : null),
          h("time", { datetime: hit.date }, day(hit.date)),
          h("a", { href: corpusPath(hit.corpus) }, hit.corpus)),
        flagLabels(this.#ownFlags())));
  }

  #ownFlags() {
    const told = namedTexts(this.hit.caption, this.hit.transcript, this.hit.answers)
      .flatMap(([, text]) => text?.flags ?? []);
    return this.hit.flags.filter((flag) => !told.includes(flag));
  }

  #transcript(marks) {
    const { text, flags, words } = this.hit.transcript;
    if (!text) {
      return { marked: false, element: h("p", { class: "said is-empty" }, "Nothing is said here. ", flagLabels(flags),
        correctionLine(this.hit.transcript)) };
    }
    const found = this.hit.field === "transcript" ? marksWithin(text, this.hit.context, marks) : null;
    this.words = new Words(text, found ?? [], words);
    const saidMs = found?.length ? this.words.foundAt(found[0][0]) : null;
    if (saidMs !== null) this.momentMs = Math.max(this.hit.start_ms, saidMs - LEAD_MS);
    const paragraph = h("p", {
      class: "said",
      title: this.clips.length ? `Click a word to play from it.${allEstimated(words) ? ` ${ESTIMATED}.` : ""}` : null,
      onclick: (event) => this.#jump(event),
    }, this.words.nodes);
    return { marked: found !== null, element: h("div", {}, paragraph, flagLabels(flags), correctionLine(this.hit.transcript)) };
  }

  #jump(event) {
    if (!getSelection().isCollapsed) return;
    const positionMs = this.words.timeOf(event.target);
    if (positionMs !== null && this.clips.length) this.playFrom(positionMs);
  }

  #context(marks) {
    return h("p", { class: "context" },
      h("span", { class: "field" }, FIELDS[this.hit.field] ?? this.hit.field), " ",
      markedNodes(this.hit.context, marks));
  }

  #strip() {
    return new Strip({
      url: this.hit.spectrogram,
      startMs: this.hit.start_ms,
      endMs: this.hit.end_ms,
      name: this.name,
      seek: (positionMs, byPointer) => (byPointer ? this.playFrom(positionMs) : this.seek(positionMs)),
      toggle: () => this.toggle(),
    });
  }

  #button() {
    if (!this.clips.length) {
      return h("span", { class: "play is-missing", title: "The audio of this place is not kept" }, icon("silent"));
    }
    return h("button", { type: "button", class: "play", "aria-label": `Play ${this.name}`, onclick: () => this.toggle() },
      icon("play"));
  }

  #showButton(plays) {
    if (!this.clips.length) return;
    this.button.setAttribute("aria-label", `${plays ? "Pause" : "Play"} ${this.name}`);
    fill(this.button, icon(plays ? "pause" : "play"));
  }

  #links() {
    const { hit } = this;
    return h("p", { class: "card-links" },
      hit.segment_id
        ? h("a", { href: likePath(hit.segment_id) }, icon("wave"), "Sounds like this")
        : null,
      h("a", { href: recordingPath(hit, this.momentMs) }, icon("open"), `Open at ${clock(this.momentMs)}`),
      h("span", { class: "length" }, length(hit.end_ms - hit.start_ms)));
  }
}
