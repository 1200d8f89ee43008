/** A text whose words follow the playing, at the times that the server gives them. */

import { h } from "./elements.js";
import { pieces, utf16Offsets } from "./marks.js";

export const ESTIMATED = "Times of words are estimated by their share of the time of speech";
const ONE_ESTIMATED = "Its time is estimated";

/** Whether no word of a transcript was found in the sound. */
export function allEstimated(words) {
  return words.every(([, , , , isEstimated]) => isEstimated);
}

export class Words {
  /**
   * @param {string} text
   * @param {number[][]} marks UTF-16 offsets
   * @param {number[][]} words of the text, in order: [start, end] in code points, [start_ms, end_ms], a 1 where estimated
   */
  constructor(text, marks, words) {
    const offsets = utf16Offsets(text);
    this.words = words.map(([start, end, startMs, endMs, isEstimated]) => (
      { start: offsets[start], end: offsets[end], startMs, endMs, isEstimated: Boolean(isEstimated) }));
    this.hint = allEstimated(words) ? null : ONE_ESTIMATED;
    this.spans = words.map(() => []);
    this.current = -1;
    this.nodes = this.#build(text, marks);
  }

  /** Highlights the word at this time; between words none. */
  follow(positionMs) {
    this.#show(this.words.findLastIndex(({ startMs, endMs }) => startMs <= positionMs && positionMs < endMs));
  }

  /** No word is the current one. */
  rest() {
    this.#show(-1);
  }

  /** When the word that was clicked is spoken; null beside words. */
  timeOf(target) {
    const word = target instanceof Element ? target.closest(".word") : null;
    if (!word?.dataset.word || !this.spans[word.dataset.word]?.includes(word)) return null;
    return this.words[word.dataset.word].startMs;
  }

  /** When the word at a UTF-16 offset of the text is spoken; null where that was not found in the sound. */
  foundAt(offset) {
    const word = this.words.find(({ end }) => offset < end);
    return word && !word.isEstimated ? word.startMs : null;
  }

  #show(index) {
    if (index === this.current) return;
    for (const span of this.spans[this.current] ?? []) span.classList.remove("is-spoken");
    for (const span of this.spans[index] ?? []) span.classList.add("is-spoken");
    this.current = index;
  }

  #build(text, marks) {
    let next = 0;
    return pieces(text, marks).map(({ start, end, marked }) => {
      const nodes = [];
      let at = start;
      while (at < end) {
        while (next < this.words.length && this.words[next].end <= at) next += 1;
        const word = this.words[next];
        const isInside = word && word.start <= at;
        const stop = Math.min(end, (isInside ? word.end : word?.start) ?? end);
        nodes.push(isInside ? this.#span(next, text.slice(at, stop)) : text.slice(at, stop));
        at = stop;
      }
      return marked ? h("mark", {}, nodes) : nodes;
    });
  }

  #span(index, text) {
    const title = this.words[index].isEstimated ? this.hint : null;
    const span = h("span", { class: "word", "data-word": index, title }, text);
    this.spans[index].push(span);
    return span;
  }
}
