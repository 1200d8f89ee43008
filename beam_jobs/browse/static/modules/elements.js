/** Elements from names, attributes and texts; text is always a text node, never markup. */

/**
 * @param {string} name tag name
 * @param {Object<string, *>} attributes a function is a listener (`onclick`); true is an empty
 *   attribute; null, undefined and false are none
 * @param {...(Node|string|number|null|Array)} children
 * @returns {HTMLElement}
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...nodes(children));
  return element;
}

/** An SVG element; attributes as they stand. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...nodes(children));
  return element;
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** An icon of static/icons by its name; it says nothing to a screen reader. */
export function icon(name) {
  return h("span", { class: `icon icon-${name}`, "aria-hidden": "true" });
}

/** Terms and what they are, without those that are empty. */
export function facts(pairs, className = "facts") {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: className },
    shown.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}
