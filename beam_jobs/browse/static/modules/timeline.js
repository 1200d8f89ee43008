/** A recording from its first second to its last: chapters, what is heard when, and the place. */

import { fill, h, svg } from "./elements.js";
import { makeSeekbar } from "./seekbar.js";
import { clock } from "./times.js";

const ROWS = [
  ["speech", "speech"],
  ["sound", "sounds"],
  ["music", "music"],
];
const ROW_HEIGHT = 10;
const ROW_STEP = 13;
const COVERAGE_HEIGHT = 4;
const HEIGHT = ROWS.length * ROW_STEP + COVERAGE_HEIGHT;
const STEP_MS = 5000;
const TICKS = 8;
const NICE_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800];

export class Timeline {
  /**
   * @param {Object} found answer of /api/recording
   * @param {function(number): void} seek
   * @param {function(): void} toggle
   */
  constructor(found, seek, toggle) {
    this.found = found;
    this.durationMs = Math.max(1, found.recording.duration_ms);
    this.tip = h("div", { class: "tip", hidden: true });
    this.track = h("div", { class: "track" }, this.#chapters(), this.#picture(), this.tip);
    this.bar = makeSeekbar(this.track, {
      startMs: 0, endMs: this.durationMs, stepMs: STEP_MS, label: "Position in the recording", seek, toggle,
    });
    this.track.addEventListener("pointermove", (event) => this.#point(event));
    this.track.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    this.element = h("div", { class: "timeline" }, this.track, this.#ticks(), this.#legend());
  }

  move(positionMs) {
    this.bar.move(positionMs);
  }

  #chapters() {
    const { chapters } = this.found;
    if (chapters.length < 2) return null;
    return h("div", { class: "chapter-band", "aria-hidden": "true" }, chapters.map((chapter) => {
      const part = h("span", {}, chapter.title);
      part.style.left = this.#percent(chapter.start_ms);
      part.style.width = this.#percent(chapter.end_ms - chapter.start_ms);
      return part;
    }));
  }

  #picture() {
    return svg("svg", {
      viewBox: `0 0 ${this.durationMs} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true", class: "heard",
    },
    ROWS.map(([kind], row) => svg("rect", {
      class: "row", x: 0, y: row * ROW_STEP, width: this.durationMs, height: ROW_HEIGHT,
    })),
    ROWS.map(([kind], row) => svg("path", { class: `heard-${kind}`, d: this.#heard(kind, row * ROW_STEP) })),
    this.#coverage());
  }

  /** One path of all stretches of a kind; without events, speech is each segment's share of it. */
  #heard(kind, top) {
    const { events, segments } = this.found;
    if (kind === "speech" && !events.some((event) => event.kind === "speech")) {
      return segments.map((segment) => {
        const share = Math.min(1, segment.speech_ms / Math.max(1, segment.end_ms - segment.start_ms));
        return box(segment, top + ROW_HEIGHT * (1 - share), ROW_HEIGHT * share);
      }).join("");
    }
    return events.filter((event) => event.kind === kind).map((event) => box(event, top, ROW_HEIGHT)).join("");
  }

  #coverage() {
    const top = ROWS.length * ROW_STEP;
    const of = (wanted) => this.found.segments.filter((segment) => wanted(segment.status))
      .map((segment) => box(segment, top, COVERAGE_HEIGHT)).join("");
    return [
      svg("path", { class: "annotated", d: of((status) => status === "annotated" || status === "partial") }),
      svg("path", { class: "skipped", d: of((status) => status === "skipped") }),
      svg("path", { class: "failed", d: of((status) => status === "failed") }),
    ];
  }

  #ticks() {
    const wanted = this.durationMs / 1000 / TICKS;
    const stepMs = 1000 * (NICE_S.find((step) => step >= wanted) ?? Math.ceil(wanted / 36000) * 36000);
    const marks = [];
    for (let at = 0; at <= this.durationMs - stepMs / 3; at += stepMs) {
      const mark = h("span", {}, clock(at));
      mark.style.left = this.#percent(at);
      marks.push(mark);
    }
    return h("div", { class: "ticks", "aria-hidden": "true" }, marks);
  }

  #legend() {
    const shown = ROWS.filter(([kind]) => this.#heard(kind, 0));
    const status = new Set(this.found.segments.map((segment) => segment.status));
    return h("p", { class: "legend" },
      shown.map(([kind, name]) => h("span", { class: `swatch heard-${kind}` }, name)),
      h("span", { class: "swatch annotated" }, "annotated"),
      status.has("skipped") ? h("span", { class: "swatch skipped" }, "skipped") : null,
      status.has("failed") ? h("span", { class: "swatch failed" }, "failed") : null);
  }

  #point(event) {
    const atMs = this.bar.timeAt(event.clientX);
    const holds = (part) => part.start_ms <= atMs && atMs < part.end_ms;
    const heard = this.found.events.filter(holds).map((part) => part.label || part.kind);
    const chapter = this.found.chapters.length > 1 ? this.found.chapters.find(holds) : null;
    fill(this.tip, h("b", {}, clock(atMs)), chapter ? ` ${chapter.title}` : "",
      heard.length ? h("span", {}, [...new Set(heard)].join(", ")) : null);
    this.tip.hidden = false;
    const share = atMs / this.durationMs;
    this.tip.style.left = `${100 * share}%`;
    this.tip.style.transform = `translateX(${-100 * share}%)`;
  }

  #percent(ms) {
    return `${(100 * ms) / this.durationMs}%`;
  }
}

function box(part, top, height) {
  return `M${part.start_ms} ${top}h${part.end_ms - part.start_ms}v${height}H${part.start_ms}z`;
}
