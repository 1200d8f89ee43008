/** What is known about a whole recording: facts, summary, chapters, findings, failures. */

import { answerList } from "./annotations.js";
import { facts, h } from "./elements.js";
import { flagLabels } from "./flags.js";
import { corpusPath, subtitlesPath } from "./paths.js";
import { clock, day, length, moment, percent, stretch } from "./times.js";

const SUBTITLE_FORMS = [["vtt", "WebVTT"], ["srt", "SubRip"], ["ttml", "EBU-TT-D"], ["txt", "text"], ["json", "JSON"]];

/** Title and the facts that everybody asks for; the others are folded away. */
export function recordingHead({ recording: row, word_times: wordTimes }) {
  return h("header", { class: "recording-head" },
    h("h1", {}, row.file_name),
    h("p", { class: "meta" },
      h("time", { datetime: row.date }, day(row.date)),
      h("a", { href: corpusPath(row.corpus) }, row.corpus),
      h("span", {}, length(row.duration_ms)),
      h("span", {}, coverage(row))),
    flagLabels(row.flags),
    subtitleLinks(row, wordTimes),
    h("details", { class: "fold" }, h("summary", {}, "All facts"), facts([
      ["Address", h("code", {}, row.object_uri)],
      ["Also at", row.duplicate_uris?.length ? row.duplicate_uris.map((uri) => h("div", {}, h("code", {}, uri))) : null],
      ["Format", format(row)],
      ["Size", size(row.size_bytes)],
      ["Changed", row.modified_at ? moment(row.modified_at) : null],
      ["Length declared", row.declared_duration_ms === null ? "none" : length(row.declared_duration_ms)],
      ["Not annotated", skipped(row.skipped)],
      ["Clips, segments", `${row.clip_count}, ${row.segment_count}`],
      ["Recording", h("code", {}, row.recording_id)],
      ["SHA-256", h("code", {}, row.content_sha256)],
      ["Segmentation", h("code", {}, row.segmentation_hash)],
      ["Run", h("code", {}, row.run_id)],
    ])));
}

/** The subtitles to be downloaded, and how their times are known; null where nothing is said. */
function subtitleLinks(row, wordTimes) {
  if (wordTimes === "no words") return null;
  return h("p", { class: "meta" },
    wordTimes === "found" ? "Subtitles" : `Subtitles (times ${wordTimes})`,
    SUBTITLE_FORMS.map(([form, name]) => h("a", { href: subtitlesPath(row, form), download: "" }, name)));
}

/** Summary, chapters, answers about longer stretches, findings and failures, where there are any. */
export function wholeSections(found, play) {
  return [
    found.summary ? section("Summary", h("p", { class: "prose" }, found.summary)) : null,
    chapterSection(found.chapters, play),
    clipSection(found.clip_answers, play),
    findingSection(found.findings, play),
    failureSection(found.failures),
  ];
}

function chapterSection(chapters, play) {
  if (!chapters.length) return null;
  return section("Chapters", h("ol", { class: "chapters" }, chapters.map((chapter) => h("li", {},
    jump(chapter.start_ms, play),
    h("div", {},
      h("h3", {}, chapter.title),
      h("details", { class: "fold" }, h("summary", {}, length(chapter.end_ms - chapter.start_ms)),
        h("p", { class: "prose" }, chapter.summary)))))));
}

function clipSection(answers, play) {
  if (!answers?.length) return null;
  return section("Longer stretches", h("ol", { class: "chapters" }, answers.map((answer) => h("li", {},
    jump(answer.start_ms, play),
    h("div", {},
      h("p", { class: "meta" }, stretch(answer.start_ms, answer.end_ms)),
      answerList([{ ...answer, question: answer.question || answer.task_id }]))))));
}

function findingSection(findings, play) {
  if (!findings.length) return null;
  return section("Questions about the whole", findings.map((finding) => h("div", { class: "finding" },
    h("h3", {}, finding.question),
    h("p", { class: "prose" }, finding.answer || "Nothing in the recording speaks to it."),
    flagLabels(finding.flags),
    finding.citations.length
      ? h("ol", { class: "citations" }, finding.citations.map((citation) => h("li", {},
        jump(citation.said_ms ?? citation.start_ms, play, citation.said_is_estimated), h("q", {}, citation.quote))))
      : null)));
}

function failureSection(failures) {
  if (!failures.length) return null;
  return section("What failed", h("ul", { class: "failures" }, failures.map((failure) => h("li", {},
    h("p", {},
      h("b", {}, failure.stage), " ", failure.error_class,
      failure.start_ms === null || failure.start_ms === undefined ? null : ` at ${clock(failure.start_ms)}`),
    h("p", { class: "prose" }, failure.message)))));
}

function section(title, ...children) {
  return h("section", { class: "panel" }, h("h2", {}, title), children);
}

function jump(startMs, play, isEstimated = false) {
  const shown = `${isEstimated ? "about " : ""}${clock(startMs)}`;
  return h("button", {
    type: "button", class: "time", "aria-label": `Play from ${shown}`, onclick: () => play(startMs),
  }, shown);
}

function coverage(row) {
  if (row.status === "failed") return "not annotated: it failed";
  if (row.annotated_ms >= row.duration_ms) return "annotated throughout";
  return `${percent(row.annotated_ms, row.duration_ms)} annotated`;
}

function format(row) {
  const channels = { 1: "mono", 2: "stereo" }[row.channels] ?? `${row.channels} channels`;
  const rate = `${(row.sample_rate_hz / 1000).toLocaleString("en-GB")} kHz`;
  return [row.codec, `in ${row.container}`, rate, channels].join(", ");
}

function size(bytes) {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function skipped(parts) {
  if (!parts?.length) return null;
  return parts.map((part) => `${length(part.duration_ms)} ${part.reason.replaceAll("_", " ")}`).join(", ");
}
