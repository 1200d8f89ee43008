/** The result of a query as a table with types, and as CSV. */

import { h } from "./elements.js";
import { recordingPath } from "./paths.js";

const NUMBER = /INT|DOUBLE|FLOAT|DECIMAL|REAL/i;

/** @param {{columns: {name: string, type: string}[], rows: Array[]}} result */
export function resultTable({ columns, rows }) {
  const at = (name) => columns.findIndex((column) => column.name === name);
  const places = { recording: at("recording_id"), start: at("start_ms"), uri: at("object_uri"), corpus: at("corpus"), date: at("date") };
  const numbers = columns.map(({ type }) => NUMBER.test(type) && !/[[(]\]|STRUCT|MAP/i.test(type));
  return h("table", { class: "data result" },
    h("thead", {}, h("tr", {}, columns.map(({ name, type }, column) => h("th", {
      scope: "col", class: numbers[column] ? "number" : null,
    }, name, h("span", { class: "type" }, type.toLowerCase()))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value, column) => h("td", {
      class: numbers[column] ? "number" : null,
    }, cell(value, row, column, places)))))));
}

/**
 * The result as CSV (RFC 4180). A text that a spreadsheet would run as a formula gets a ' before it.
 */
export function csv({ columns, rows }) {
  const lines = [columns.map(({ name }) => field(name)), ...rows.map((row) => row.map(field))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function cell(value, row, column, places) {
  if (value === null) return h("span", { class: "null" }, "null");
  const text = shown(value);
  if ((column === places.recording || column === places.uri) && places.recording >= 0 && row[places.recording]) {
    const startMs = places.start >= 0 ? row[places.start] : null;
    return h("a", {
      href: recordingPath({
        recording_id: row[places.recording], corpus: row[places.corpus], date: row[places.date],
      }, typeof startMs === "number" ? startMs : null),
    }, text);
  }
  return text;
}

function shown(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function field(value) {
  if (value === null) return "";
  const text = shown(value);
  const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll("\"", "\"\"")}"` : safe;
}
