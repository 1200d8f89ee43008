/** A text whose words follow the playing: by the table of words, or by an estimate where it has none. */

import { h } from "./elements.js";
import { pieces, utf16Offsets } from "./marks.js";

export const ESTIMATED = "Times of words are estimated by their share of the time of speech";

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "word" });

export class Words {
  /**
   * @param {string} text
   * @param {number[][]} marks UTF-16 offsets
   * @param {number[][]} stretches [start_ms, end_ms] in which the words are spoken, in order
   * @param {number[][]} found [start, end] in code points, [start_ms, end_ms] of each word; may be empty
   */
  constructor(text, marks, stretches, found = []) {
    this.found = found;
    this.times = [];
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
    if (this.times.length) return this.times[word.dataset.word][0];
    let left = (Number(word.dataset.word) / this.spans.length) * this.spokenMs;
    for (const [start, end] of this.stretches) {
      if (left < end - start) return Math.round(start + left);
      left -= end - start;
    }
    return this.stretches.at(-1)?.[0] ?? null;
  }

  /** When the word at a UTF-16 offset of the text is spoken; null where the tables do not say. */
  foundAt(offset) {
    const number = this.ends.findIndex((end) => offset < end);
    return this.times[number]?.[0] ?? null;
  }

  #wordAt(positionMs) {
    if (this.times.length) return this.times.findLastIndex(([start, end]) => start <= positionMs && positionMs < end);
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
    this.ends = words.map(({ index, segment }) => index + segment.length);
    this.times = this.#timesOf(text, words);
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

  /** [start_ms, end_ms] of each word: of what was found in it, else when the one before it ends. */
  #timesOf(text, words) {
    if (!this.found.length) return [];
    const offsets = utf16Offsets(text);
    const known = this.found.map(([start, end, from, to]) => [offsets[start], offsets[end], from, to]);
    let now = known[0][2];
    return words.map(({ index, segment }) => {
      const inside = known.filter(([start, end]) => start < index + segment.length && index < end);
      const [from, to] = inside.length ? [inside[0][2], inside.at(-1)[3]] : [now, now];
      now = to;
      return [from, to];
    });
  }

  #span(index, text) {
    const span = h("span", { class: "word", "data-word": index }, text);
    this.spans[index].push(span);
    return span;
  }
}
