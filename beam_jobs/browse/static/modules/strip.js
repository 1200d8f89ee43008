/** The spectrogram of a stretch of a recording, with the place that is playing, to seek on. */

import { spectrogram } from "./api.js";
import { h } from "./elements.js";
import { makeSeekbar } from "./seekbar.js";
import { clock } from "./times.js";

const WIDTH_PX = 1200;
const HEIGHT_PX = 96;
const STEP_MS = 1000;

export class Strip {
  /**
   * @param {{url: string|null, startMs: number, endMs: number, name: string,
   *   seek: function(number, boolean): void, toggle: function(): void}} given url: null draws a bare bar
   */
  constructor(given) {
    this.element = h("div", { class: "strip", title: "Click to play from here; spectrogram, 0 to 8 kHz" },
      given.url ? this.#image(given.url) : null,
      h("span", { class: "strip-time" }, clock(given.startMs)),
      h("span", { class: "strip-time strip-end" }, clock(given.endMs)));
    this.bar = makeSeekbar(this.element, {
      startMs: given.startMs,
      endMs: given.endMs,
      stepMs: STEP_MS,
      label: `Position in ${given.name}`,
      seek: given.seek,
      toggle: given.toggle,
    });
  }

  /** Shows the place that is playing; null is none. */
  move(positionMs) {
    this.bar.move(positionMs);
  }

  #image(url) {
    return h("img", {
      src: spectrogram(url, WIDTH_PX, HEIGHT_PX),
      alt: "",
      width: WIDTH_PX,
      height: HEIGHT_PX,
      loading: "lazy",
      draggable: "false",
      onerror: (event) => event.target.remove(),
    });
  }
}
