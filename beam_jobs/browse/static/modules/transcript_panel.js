/** The whole transcript with its times: it follows the playing, and jumps where it is clicked. */

import { correctionLine } from "./annotations.js";
import { wordsOf } from "./api.js";
import { h } from "./elements.js";
import { flagLabels } from "./flags.js";
import { clock, stretch } from "./times.js";
import { ESTIMATED, Words } from "./words.js";

const SCROLL_KEYS = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"]);
const TOP_SHARE = 0.25;
const BEFORE = 5;
const AFTER = 15;
const AGAIN_MS = 5000;
const TIMES = { "estimated": ` ${ESTIMATED}.`, "partly estimated": " Times of words that are not aligned are estimated." };

export class TranscriptPanel {
  /**
   * @param {Object} found answer of /api/recording
   * @param {function(number): void} play plays from a time
   */
  constructor(found, play) {
    this.found = found;
    this.play = play;
    this.current = -1;
    this.following = true;
    this.positionMs = 0;
    this.words = new Map();
    this.asked = new Set();
    this.rows = found.segments.map((segment, number) => this.#row(segment, number));
    this.again = h("button", { type: "button", class: "follow", hidden: true, onclick: () => this.follow() }, "Follow the playing again");
    this.list = h("ol", { class: "transcript", tabindex: "0", "aria-label": "Transcript", onclick: (event) => this.#clicked(event) },
      this.#withChapters());
    this.element = h("section", { class: "transcript-panel", "aria-labelledby": "transcript-title" },
      h("div", { class: "panel-head" }, h("h2", { id: "transcript-title" }, "Transcript"),
        h("p", { class: "hint" }, `Click a word to play from it.${TIMES[found.word_times] ?? ""}`), this.again),
      this.list);
    this.#watchScrolling();
  }

  /** Marks the segment and the word at a time; gives the segment's number, -1 between segments. */
  move(positionMs) {
    this.positionMs = positionMs;
    const at = this.#segmentAt(positionMs);
    if (at !== this.current) {
      this.rows[this.current]?.classList.remove("is-current");
      this.rows[this.current]?.removeAttribute("aria-current");
      this.words.get(this.current)?.rest();
      this.current = at;
      this.rows[at]?.classList.add("is-current");
      this.rows[at]?.setAttribute("aria-current", "true");
      if (this.following) this.#scrollTo(at, "smooth");
    }
    if (at >= 0) this.#wordsOf(at)?.follow(positionMs);
    return at;
  }

  /** Shows a text that a person put in the place of a segment's; its words have no times yet. */
  setText(number, text) {
    const segment = this.found.segments[number];
    if (!segment || (segment.transcript?.text ?? "") === text) return;
    segment.transcript = { ...(segment.transcript ?? { flags: [] }), text };
    this.words.delete(number);
    this.asked.add(number);
    const said = text ? h("p", { class: "said" }, text) : h("p", { class: "unsaid" }, unsaid(segment));
    this.rows[number].querySelector(".said, .unsaid").replaceWith(said);
  }

  /** Scrolls with the playing from now on. */
  follow() {
    this.following = true;
    this.again.hidden = true;
    this.#scrollTo(this.current, "instant");
  }

  #segmentAt(positionMs) {
    const { segments } = this.found;
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (segments[middle].start_ms <= positionMs) low = middle + 1;
      else high = middle;
    }
    return low && positionMs < segments[low - 1].end_ms ? low - 1 : -1;
  }

  #row(segment, number) {
    const text = segment.transcript?.text;
    return h("li", { class: "segment", "data-segment": number },
      h("button", {
        type: "button", class: "time", "aria-label": `Play from ${clock(segment.start_ms)}`,
        title: stretch(segment.start_ms, segment.end_ms), "data-ms": segment.start_ms,
      }, clock(segment.start_ms)),
      h("div", {},
        text
          ? h("p", { class: "said", onpointerenter: () => this.#wordsOf(number) }, text)
          : h("p", { class: "unsaid" }, unsaid(segment)),
        flagLabels(segment.transcript?.flags.filter((flag) => flag !== "no_speech")),
        correctionLine(segment.transcript)));
  }

  #withChapters() {
    const { chapters, segments } = this.found;
    const headed = chapters.length > 1 ? [...chapters] : [];
    return this.rows.flatMap((row, number) => {
      const items = [row];
      if (headed.length && segments[number].end_ms > headed[0].start_ms) {
        const chapter = headed.shift();
        items.unshift(h("li", { class: "chapter-head" }, h("h3", {}, chapter.title)));
      }
      return items;
    });
  }

  /** A segment's words as parts that can be followed; null until the server has sent their times. */
  #wordsOf(number) {
    if (!this.words.has(number)) this.#ask(number);
    return this.words.get(number) ?? null;
  }

  /** Asks for the words of a segment and of those around it, each once; after a failure again. */
  async #ask(number) {
    if (this.asked.has(number)) return;
    const { recording, segments } = this.found;
    const wanted = segments.map((_, at) => at).slice(Math.max(0, number - BEFORE), number + AFTER)
      .filter((at) => segments[at].transcript?.text && !this.asked.has(at));
    wanted.forEach((at) => this.asked.add(at));
    if (!wanted.includes(number)) return;
    try {
      const sent = await wordsOf(recording, wanted.map((at) => segments[at].segment_id));
      wanted.forEach((at) => this.#setWords(at, sent[segments[at].segment_id] ?? []));
      if (wanted.includes(this.current)) this.words.get(this.current).follow(this.positionMs);
    } catch {
      setTimeout(() => wanted.forEach((at) => this.asked.delete(at)), AGAIN_MS);
    }
  }

  #setWords(number, sent) {
    const words = new Words(this.found.segments[number].transcript.text, [], sent);
    this.rows[number].querySelector(".said").replaceChildren(...words.nodes.flat());
    this.words.set(number, words);
  }

  #clicked(event) {
    if (!getSelection().isCollapsed) return;
    const button = event.target.closest("button.time");
    const row = event.target.closest(".segment");
    if (!row) return;
    const number = Number(row.dataset.segment);
    const wordMs = this.words.get(number)?.timeOf(event.target) ?? null;
    if (!button && wordMs === null) return;
    this.following = true;
    this.again.hidden = true;
    this.play(button ? Number(button.dataset.ms) : wordMs);
  }

  #watchScrolling() {
    const rest = () => {
      if (!this.following) return;
      this.following = false;
      this.again.hidden = false;
    };
    this.list.addEventListener("wheel", rest, { passive: true });
    this.list.addEventListener("touchmove", rest, { passive: true });
    this.list.addEventListener("pointerdown", (event) => event.target === this.list && rest());
    this.list.addEventListener("keydown", (event) => SCROLL_KEYS.has(event.key) && rest());
  }

  #scrollTo(number, behavior) {
    const row = this.rows[number];
    if (!row) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = row.offsetTop - this.list.clientHeight * TOP_SHARE;
    this.list.scrollTo({ top, behavior: still ? "instant" : behavior });
  }
}

function unsaid(segment) {
  if (segment.status === "skipped") return `not annotated: ${segment.skip_reason.replaceAll("_", " ") || "skipped"}`;
  if (segment.status === "failed") return "not annotated: it failed";
  return segment.caption?.text ? `[${segment.caption.text.replace(/\.$/, "")}]` : "[no speech]";
}
