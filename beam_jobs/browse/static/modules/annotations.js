/** What the model said of a stretch: caption, answers, thinking, and where all of it comes from. */

import { fill, h } from "./elements.js";
import { flagLabels } from "./flags.js";
import { markedNodes } from "./marks.js";
import { moment } from "./times.js";

const SURENESS = "How sure the model was of its words: the mean probability of their tokens. "
  + "It does not say whether they are right.";

/** The caption as a paragraph with its sureness; null where there is none. */
export function captionLine(caption, marks = []) {
  if (!caption) return null;
  return h("div", { class: "caption" },
    h("p", {}, markedNodes(caption.text, marks), " ", sureness(caption.mean_logprob)),
    flagLabels(caption.flags),
    correctionLine(caption));
}

/** Questions and their answers; null where there are none. */
export function answerList(answers) {
  if (!answers?.length) return null;
  return h("dl", { class: "answers" }, answers.map((answer) => h("div", {},
    h("dt", {}, answer.question),
    h("dd", {},
      h("span", { class: "answer" }, answer.choice || answer.text || "no answer"),
      " ", sureness(answer.mean_logprob),
      optionsLine(answer),
      flagLabels(answer.flags),
      correctionLine(answer)))));
}

/** Who corrected a text, and what the model had said; null where nobody did. */
export function correctionLine(text) {
  const corrected = text?.corrected;
  if (!corrected) return null;
  const said = { right: "Said to be right", wrong: "Said to be wrong" }[corrected.kind] ?? "Corrected";
  return h("div", { class: "corrected", title: moment(corrected.at) },
    `${said} by ${corrected.by}`,
    corrected.original === null ? null
      : corrected.original ? [". The model said: ", h("q", {}, corrected.original)]
        : ". The model said nothing.");
}

/** Everything that the model thought before it answered, folded away; null where it did not. */
export function thinkingFold(captionThinking, answers) {
  const thoughts = [["Caption", captionThinking], ...(answers ?? []).map((a) => [a.question, a.thinking])]
    .filter(([, text]) => text);
  if (!thoughts.length) return null;
  return h("details", { class: "fold" },
    h("summary", {}, "Thinking"),
    thoughts.map(([title, text]) => h("div", { class: "thought" },
      h("h4", {}, title), h("p", {}, text))));
}

/** Model, revision, engine, run and date, with the prompt of each text, folded away. */
export function provenanceFold(texts) {
  const known = texts.filter(([, text]) => text?.provenance);
  if (!known.length) return null;
  return h("details", { class: "fold" },
    h("summary", {}, "Provenance"),
    bySource(known).map((group) => provenanceTable(group)));
}

/** Shows other content in a place that stays, such as the panel of the current segment. */
export function showAnnotations(place, { caption, answers, thinking, transcript }) {
  fill(place,
    captionLine(caption),
    answerList(answers),
    thinkingFold(thinking, answers),
    provenanceFold(namedTexts(caption, transcript, answers)));
}

/** Texts by the name that a reader knows them by. */
export function namedTexts(caption, transcript, answers) {
  return [["Caption", caption], ["Transcript", transcript],
    ...(answers ?? []).map((answer) => [answer.question, answer])];
}

function sureness(meanLogprob) {
  if (meanLogprob === null || meanLogprob === undefined) return null;
  const share = Math.round(100 * Math.exp(meanLogprob));
  const level = share < 50 ? "is-low" : share < 80 ? "is-middling" : "";
  return h("span", { class: `sureness ${level}`, title: SURENESS }, `${share} %`);
}

function optionsLine(answer) {
  if (!answer.options?.length) return null;
  const others = answer.options.filter((option) => option !== answer.choice);
  if (!others.length) return null;
  return h("span", { class: "options" }, answer.choice ? "not: " : "of: ", others.join(" · "));
}

function bySource(texts) {
  const groups = new Map();
  for (const [name, text] of texts) {
    const from = text.provenance;
    const key = JSON.stringify([from.model, from.weights_revision, from.engine, from.run_id, from.generated_at]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push([name, from]);
  }
  return [...groups.values()];
}

function provenanceTable(group) {
  const from = group[0][1];
  const rows = [["Model", from.model], ["Revision", from.weights_revision], ["Engine", from.engine],
    ["Run", from.run_id], ["Made", from.generated_at ? moment(from.generated_at) : ""]];
  return h("table", { class: "provenance" },
    h("tbody", {},
      rows.filter(([, value]) => value).map(([name, value]) => h("tr", {},
        h("th", { scope: "row" }, name), h("td", { colspan: 2 }, h("code", {}, value)))),
      group.map(([name, each]) => h("tr", {},
        h("th", { scope: "row" }, name),
        h("td", {}, "prompt ", h("code", {}, each.prompt_id)),
        h("td", {}, "task ", h("code", {}, each.task_hash))))));
}
