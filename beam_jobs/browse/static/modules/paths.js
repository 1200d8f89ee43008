/** Addresses of this application's pages. */

/** A recording, at a time; corpus and date say which night's tables are meant. */
export function recordingPath({ recording_id: recordingId, corpus, date }, positionMs = null) {
  const query = new URLSearchParams();
  if (positionMs !== null) query.set("t", positionMs / 1000);
  if (corpus) query.set("corpus", corpus);
  if (date) query.set("date", date);
  return `/recording/${encodeURIComponent(recordingId)}${query.size ? `?${query}` : ""}`;
}

/** The subtitles of a recording, to be kept as a file: vtt, srt, ttml, txt or json. */
export function subtitlesPath({ recording_id: recordingId, corpus, date }, form) {
  return `/subtitles/${encodeURIComponent(recordingId)}.${form}?${new URLSearchParams({ corpus, date })}`;
}

export function corpusPath(name) {
  return `/corpus/${encodeURIComponent(name)}`;
}

/** What sounds like a segment. */
export function likePath(segmentId) {
  return `/?${new URLSearchParams({ like: segmentId })}`;
}

/** A search; fields as in the page's query string. */
export function searchPath(fields) {
  const query = new URLSearchParams(fields);
  return query.size ? `/?${query}` : "/";
}
