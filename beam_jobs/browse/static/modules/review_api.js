/** What an editor's pages ask of the server. */

import { get, post } from "./api.js";

const EDITORS = ["editor", "keeper"];

/** Whether a person (of /api/about, or null) may correct answers. */
export function mayEdit(person) {
  return EDITORS.includes(person?.role);
}

/** The answers of a recording with what people said of them, and the editor's drafts. */
export function answersOf({ recording_id: recordingId, corpus, date }) {
  return get(`/api/review/recording/${encodeURIComponent(recordingId)}?${new URLSearchParams({ corpus, date })}`);
}

/** What is left of a queue, and how far it is. */
export function queueOf(name, fields) {
  return get(`/api/review/queue/${encodeURIComponent(name)}?${new URLSearchParams(fields)}`);
}

/** The corrections that need a person's decision. */
export function decisionsOf(corpus) {
  return get(`/api/review/decisions?${new URLSearchParams({ corpus })}`);
}

/** Keeps a correction; a failure of status 409 has `body.theirs`, what another one said meanwhile. */
export function saveAnswer(item, said, read, queue) {
  return post("/api/review/save", { ...placeOf(item), ...said, ...queue, read });
}

export function undoCorrections(corpus, ids) {
  return post("/api/review/undo", { corpus, ids });
}

/** Says that a correction holds against those that differ from it. */
export function settleCorrections(corpus, ids) {
  return post("/api/review/settle", { corpus, ids });
}

/** Names a voice of a recording, in all its turns. */
export function nameVoice({ corpus, date, recording_id: recordingId }, voice, name) {
  return post("/api/review/voice", { corpus, date, recording_id: recordingId, voice, name });
}

/** Keeps what was begun; null forgets it. */
export function keepDraft(item, text, read) {
  return post("/api/review/draft", { ...placeOf(item), text, read });
}

/** What tells a person's open pages apart. */
export function newPageId() {
  return crypto.randomUUID?.() ?? String(Math.random());  // there is none where a page came without TLS
}

/** Says that a page is open; gives the others at its recording, and the recording's last change. */
export function seen(page, { corpus, recording_id: recordingId }, place) {
  return post("/api/review/presence", { corpus, recording_id: recordingId, page, place });
}

/** Says that a page is closed, also while the browser closes it. */
export function left(page, { corpus, recording_id: recordingId }) {
  fetch("/api/review/presence", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ corpus, recording_id: recordingId, page, is_closed: true }),
    keepalive: true,
  }).catch(() => undefined);
}

function placeOf(item) {
  const { corpus, date, source, channel } = item;
  return {
    corpus, date, source, channel,
    recording_id: item.recording_id, task_id: item.task_id, start_ms: item.start_ms, end_ms: item.end_ms,
  };
}
