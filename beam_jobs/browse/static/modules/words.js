/** A text whose words follow the playing: their times are estimated, as the tables have none. */

import { h } from "./elements.js";
import { pieces } from "./marks.js";

export const ESTIMATED = "Times of words are estimated by their share of the time of speech";

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "word" });

export class Words {
  /**
   * @param {string} text
   * @param {number[][]} marks UTF-16 offsets
   * @param {number[][]} stretches [start_ms, end_ms] in which the words are spoken, in order
   */
  constructor(text, marks, stretches) {
    this.stretches = stretches;
    this.spokenMs = stretches.reduce((sum, [start, end]) => sum + end - start, 0);
    this.spans = [];
    this.current = -1;
    this.nodes = this.#build(text, marks);
  }

  /** Highlights the word at this time; outside all stretches none. */
  follow(positionMs) {
    this.#show(this.#wordAt(positionMs));
  }

  /** No word is the current one. */
  rest() {
    this.#show(-1);
  }

  /** When the word that was clicked is spoken; null beside words. */
  timeOf(target) {
    const word = target instanceof Element ? target.closest(".word") : null;
    if (!word?.dataset.word || !this.spans[word.dataset.word]?.includes(word)) return null;
    let left = (Number(word.dataset.word) / this.spans.length) * this.spokenMs;
    for (const [start, end] of this.stretches) {
      if (left < end - start) return Math.round(start + left);
      left -= end - start;
    }
    return this.stretches.at(-1)?.[0] ?? null;
  }

  #wordAt(positionMs) {
    let passed = 0;
    let speaking = false;
    for (const [start, end] of this.stretches) {
      passed += Math.min(Math.max(positionMs - start, 0), end - start);
      speaking ||= start <= positionMs && positionMs < end;
    }
    if (!speaking || !this.spokenMs) return -1;
    return Math.min(this.spans.length - 1, Math.floor((passed / this.spokenMs) * this.spans.length));
  }

  #show(index) {
    if (index === this.current) return;
    for (const span of this.spans[this.current] ?? []) span.classList.remove("is-spoken");
    for (const span of this.spans[index] ?? []) span.classList.add("is-spoken");
    this.current = index;
  }

  #build(text, marks) {
    const words = [...SEGMENTER.segment(text)].filter((piece) => piece.isWordLike);
    this.spans = words.map(() => []);
    let next = 0;
    return pieces(text, marks).map(({ start, end, marked }) => {
      const nodes = [];
      let at = start;
      while (at < end) {
        while (next < words.length && words[next].index + words[next].segment.length <= at) next += 1;
        const word = words[next];
        if (word && word.index <= at) {
          const stop = Math.min(end, word.index + word.segment.length);
          nodes.push(this.#span(next, text.slice(at, stop)));
          at = stop;
        } else {
          const stop = Math.min(end, word?.index ?? end);
          nodes.push(text.slice(at, stop));
          at = stop;
        }
      }
      return marked ? h("mark", {}, nodes) : nodes;
    });
  }

  #span(index, text) {
    const span = h("span", { class: "word", "data-word": index }, text);
    this.spans[index].push(span);
    return span;
  }
}
