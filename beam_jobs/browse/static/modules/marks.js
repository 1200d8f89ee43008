/** Texts with marks: offsets of Python, which counts code points, on strings that count UTF-16. */

/** Where each code point of a text starts in UTF-16, and where the text ends. */
export function utf16Offsets(text) {
  const offsets = [0];
  for (const character of text) offsets.push(offsets.at(-1) + character.length);
  return offsets;
}

/**
 * Marks as UTF-16 offsets, in order, without overlaps, within the text.
 * @param {string} text
 * @param {number[][]} marks [start, end] in code points
 * @returns {number[][]}
 */
export function utf16Marks(text, marks) {
  const offsets = utf16Offsets(text);
  const last = offsets.length - 1;
  const within = (point) => offsets[Math.min(Math.max(point, 0), last)];
  const merged = [];
  for (const [start, end] of [...marks].sort((a, b) => a[0] - b[0])) {
    const mark = [within(start), within(end)];
    if (mark[0] >= mark[1]) continue;
    const previous = merged.at(-1);
    if (previous && mark[0] <= previous[1]) previous[1] = Math.max(previous[1], mark[1]);
    else merged.push(mark);
  }
  return merged;
}

/**
 * The marks of a context, moved to where it stands in a whole text; null where it stands nowhere.
 * @param {string} context may begin and end with an ellipsis
 * @param {number[][]} marks in UTF-16 offsets of the context
 */
export function marksWithin(text, context, marks) {
  const lead = context.match(/^(?:…|\.\.\.)?\s*/)[0].length;
  const core = context.slice(lead).replace(/\s*(?:…|\.\.\.)?$/, "");
  const at = core ? text.indexOf(core) : -1;
  if (at < 0) return null;
  return marks
    .map(([start, end]) => [Math.max(start - lead, 0) + at, Math.min(end - lead, core.length) + at])
    .filter(([start, end]) => start < end);
}

/**
 * The text cut at its marks, in order.
 * @param {number[][]} marks in UTF-16 offsets, in order, without overlaps
 * @returns {{start: number, end: number, marked: boolean}[]}
 */
export function pieces(text, marks) {
  const cut = [];
  let at = 0;
  for (const [start, end] of marks) {
    if (at < start) cut.push({ start: at, end: start, marked: false });
    cut.push({ start, end, marked: true });
    at = end;
  }
  if (at < text.length) cut.push({ start: at, end: text.length, marked: false });
  return cut;
}

/** Nodes of a text with <mark> around its marks (UTF-16 offsets). */
export function markedNodes(text, marks) {
  return pieces(text, marks).map(({ start, end, marked }) => {
    const node = document.createTextNode(text.slice(start, end));
    if (!marked) return node;
    const mark = document.createElement("mark");
    mark.append(node);
    return mark;
  });
}
