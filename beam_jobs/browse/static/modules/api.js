/** What the server is asked. Every failure is an Error whose message is one line to show; where the server answered, with `status` and `body`. */

let knownAbout = null;

/** Version, corpora, flags, limits and saved questions; asked once, and again after a failure. */
export function about() {
  knownAbout ??= get("/api/about").catch((error) => {
    knownAbout = null;
    throw error;
  });
  return knownAbout;
}

/** One page of hits; `query` is the page's own query string. */
export function search(query, limit, offset) {
  const given = new URLSearchParams(query);
  given.set("limit", limit);
  given.set("offset", offset);
  return get(`/api/search?${given}`);
}

export function recording(recordingId, corpus, date) {
  const given = new URLSearchParams();
  if (corpus) given.set("corpus", corpus);
  if (date) given.set("date", date);
  const query = given.size ? `?${given}` : "";
  return get(`/api/recording/${encodeURIComponent(recordingId)}${query}`);
}

/** The words of some segments' transcripts with their times, by segment. */
export function wordsOf({ recording_id: recordingId, corpus, date }, segments) {
  const given = new URLSearchParams([["corpus", corpus], ["date", date], ...segments.map((segment) => ["segment", segment])]);
  return get(`/api/recording/${encodeURIComponent(recordingId)}/words?${given}`);
}

export function corpus(name) {
  return get(`/api/corpus/${encodeURIComponent(name)}`);
}

/** Columns and rows of one SELECT; `signal` ends it. */
export function sql(text, signal) {
  return post("/api/sql", { sql: text }, signal);
}

/** Signs in by a token; the server's cookie keeps it. */
export function signIn(token) {
  return post("/api/sign-in", { token });
}

export function signOut() {
  return post("/api/sign-out", {});
}

/** The address of a spectrogram of the segment in pixels that suit the screen. */
export function spectrogram(url, widthPx, heightPx) {
  return ownPath(`${url}?width=${widthPx}&height=${heightPx}`);
}

export function spectrogramOf(recordingRow, segmentId) {
  const parts = [recordingRow.corpus, recordingRow.date, recordingRow.recording_id, segmentId];
  return `/spectrogram/${parts.map(encodeURIComponent).join("/")}.png`;
}

/** A path on this server, or an error: nothing is ever loaded from elsewhere. */
export function ownPath(path) {
  const url = new URL(path, location.origin);
  if (url.origin !== location.origin) throw new Error(`not on this server: ${path}`);
  return url.pathname + url.search;
}

export function get(path) {
  return ask(path, {});
}

export function post(path, value, signal) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(value), signal });
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is af3 browse still running?");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const line = body?.error ?? `The server answered ${response.status} without a reason.`;
  throw Object.assign(new Error(line), { status: response.status, body });
}
