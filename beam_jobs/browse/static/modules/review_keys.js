/** The keys of an editor's fields, as oTranscribe has them: the hands stay on the words. */

import { h } from "./elements.js";

const HELP = [
  [["Esc", "Ctrl+Space"], "play and pause"],
  [["F1", "Ctrl+,"], "back 2 s"],
  [["F2", "Ctrl+."], "forward 2 s"],
  [["F3"], "slower"],
  [["F4"], "faster"],
  [["Alt+↑", "Alt+↓"], "last and next segment"],
  [["Ctrl+Enter"], "save"],
];

/** What a key in an editor's field does; null where it is the browser's. */
export function actionOf(event) {
  if (event.isComposing || event.shiftKey || event.metaKey) return null;
  if (event.altKey) return event.ctrlKey ? null : { ArrowDown: "next", ArrowUp: "last" }[event.key] ?? null;
  if (event.ctrlKey) return { " ": "toggle", ",": "back", ".": "forward", Enter: "save" }[event.key] ?? null;
  return { Escape: "toggle", F1: "back", F2: "forward", F3: "slower", F4: "faster" }[event.key] ?? null;
}

/** A line that lists the keys. */
export function keyHelp() {
  return h("p", { class: "review-keys" }, HELP.map(([keys, what]) => h("span", {},
    keys.map((key, number) => [number ? " or " : null, h("kbd", {}, key)]), ` ${what}`)));
}
