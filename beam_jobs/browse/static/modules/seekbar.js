/** What makes an element a bar to seek on: pointer, keys, and its value for a screen reader. */

import { clock, spokenTime } from "./times.js";

/**
 * @param {HTMLElement} element shows the time from startMs on its left to endMs on its right
 * @param {{startMs: number, endMs: number, stepMs: number, label: string,
 *   seek: function(number, boolean): void, toggle: function(): void}} given
 *   seek gets the time, and whether a pointer chose it (or else a key)
 * @returns {{move: function(number|null): void, timeAt: function(number): number}}
 */
export function makeSeekbar(element, given) {
  const { startMs, endMs, stepMs, seek } = given;
  const lengthMs = Math.max(1, endMs - startMs);
  const head = document.createElement("div");
  head.className = "playhead";
  element.append(head);
  let valueMs = startMs;
  for (const [name, value] of [["role", "slider"], ["tabindex", "0"], ["aria-label", given.label],
    ["aria-valuemin", Math.round(startMs / 1000)], ["aria-valuemax", Math.round(endMs / 1000)]]) {
    element.setAttribute(name, value);
  }

  const timeAt = (clientX) => {
    const box = element.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientX - box.left) / Math.max(1, box.width)));
    return startMs + share * lengthMs;
  };
  const move = (positionMs) => {
    const inside = positionMs !== null && positionMs >= startMs && positionMs <= endMs;
    head.hidden = !inside;
    if (!inside) return;
    valueMs = positionMs;
    head.style.left = `${(100 * (positionMs - startMs)) / lengthMs}%`;
    const second = String(Math.round(positionMs / 1000));
    if (element.getAttribute("aria-valuenow") === second) return;
    element.setAttribute("aria-valuenow", second);
    element.setAttribute("aria-valuetext", `${spokenTime(positionMs)} of ${clock(endMs)}`);
  };
  const go = (positionMs, byPointer) => {
    const target = Math.min(endMs, Math.max(startMs, positionMs));
    move(target);
    seek(target, byPointer);
  };

  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    go(timeAt(event.clientX), true);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) go(timeAt(event.clientX), true);
  });
  element.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowRight: stepMs, ArrowUp: stepMs, ArrowLeft: -stepMs, ArrowDown: -stepMs,
      PageUp: 6 * stepMs, PageDown: -6 * stepMs };
    if (event.key in steps) go(valueMs + steps[event.key], false);
    else if (event.key === "Home") go(startMs, false);
    else if (event.key === "End") go(endMs, false);
    else if (event.key === " " || event.key === "Enter") given.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  element.setAttribute("aria-valuenow", String(Math.round(startMs / 1000)));
  element.setAttribute("aria-valuetext", `${spokenTime(startMs)} of ${clock(endMs)}`);
  head.hidden = true;
  return { move, timeAt };
}
