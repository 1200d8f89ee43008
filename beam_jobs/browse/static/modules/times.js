/** Times, lengths and days as people read them. */

const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
});
const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  timeZone: "UTC",
});

/** A place in a recording: 0:07, 12:30, 1:02:03. */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  const tail = `${pad(seconds % 60, 2)}`;
  return hours ? `${hours}:${pad(minutes, 2)}:${tail}` : `${minutes}:${tail}`;
}

/** A stretch of a recording: 0:07–0:19. */
export function stretch(startMs, endMs) {
  return `${clock(startMs)}–${clock(endMs)}`;
}

/** A length: 7 s, 2 min 38 s, 4 h 5 min, 1,204 h. */
export function length(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 100) return `${Math.round(seconds / 3600).toLocaleString("en-GB")} h`;
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

/** A length in words, for a screen reader: 1 minute 20 seconds. */
export function spokenTime(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [[Math.floor(seconds / 3600), "hour"], [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"]];
  const named = parts.filter(([count]) => count).map(([count, unit]) => plural(count, unit));
  return named.join(" ") || "the start";
}

/** An archive day, YYYY-MM-DD, as 21 November 2026; what is no day stays as it is. */
export function day(date) {
  const parsed = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(parsed.getTime()) ? String(date) : DAY.format(parsed);
}

/** A moment (ISO 8601), in UTC; what is none stays as it is. */
export function moment(text) {
  const parsed = new Date(text);
  return Number.isNaN(parsed.getTime()) ? String(text) : `${MOMENT.format(parsed)} UTC`;
}

/** 1 place, 12 places. */
export function plural(count, noun) {
  return `${count.toLocaleString("en-GB")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A share as a whole percentage; never 100 % where something is missing, never 0 % of something. */
export function percent(part, whole) {
  if (!whole) return "–";
  const share = (100 * part) / whole;
  if (share > 99 && part < whole) return "99 %";
  if (share > 0 && share < 1) return "< 1 %";
  return `${Math.round(share)} %`;
}

function pad(number, digits) {
  return String(number).padStart(digits, "0");
}
