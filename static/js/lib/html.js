/** Markup from values, escaped: `html`<p>${text}</p>``. Arrays are joined, nested `html` is kept, null and false are nothing. */

class Markup {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text that is safe between tags and in a quoted attribute. */
export const escapeText = (value) => String(value).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);

const piece = (value) => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(piece).join("");
  return value === null || value === undefined || value === false ? "" : escapeText(value);
};

/** The tag. Returns something that `fill` and another `html` take as markup; everything else is text. */
export const html = (strings, ...values) =>
  new Markup(strings.reduce((before, part, index) => before + piece(values[index - 1]) + part));

/** Put markup into an element, in place of what it holds. */
export const fill = (element, markup) => {
  element.innerHTML = piece(markup);
  return element;
};

/** A copy of the first element of the page's `<template id="…">`. */
export const cloneOf = (templateId) =>
  document.getElementById(templateId).content.firstElementChild.cloneNode(true);

/** The element that shows one named value: `data-slot="price"`. */
export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

/** Show a text in its slot; without a text the slot (or the part around it marked `data-with`) is hidden. */
export const say = (root, name, text) => {
  const empty = text === null || text === undefined || text === "";
  const place = slot(root, name);
  if (place && !empty && place.textContent !== String(text)) place.textContent = text;
  const part = root.querySelector(`[data-with="${name}"]`) ?? place;
  if (part) part.hidden = empty;
};
