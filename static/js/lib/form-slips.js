/** Slips of a form: each sentence beside its field. */
import { say } from "lib/html";

const TOGETHER = ["card", "expiry", "cvc"];

const mark = (input, words) => {
  input.ariaInvalid = "true";
  if (TOGETHER.includes(input.name)) {
    input.setAttribute("aria-describedby", "pay-slip");
    return;
  }
  const details = input.closest("details");
  if (details) details.open = true;
  const told = Object.assign(document.createElement("p"), {
    className: "field__error",
    id: `${input.id}-slip`,
    textContent: words,
  });
  told.dataset.slip = "";
  input.setAttribute("aria-describedby", told.id);
  input.after(told);
};

/** Mark the fields that `fields` has a sentence for, unmark the others; give the first wrong one. The card's share a place. */
export const markSlips = (form, fields) => {
  for (const old of form.querySelectorAll("[aria-invalid]")) old.ariaInvalid = null;
  for (const old of form.querySelectorAll("[data-slip]")) old.remove();
  const inputs = [...form.elements].filter(({ name }) => name in fields);
  for (const input of inputs) mark(input, fields[input.name]);
  const cards = inputs.filter(({ name }) => TOGETHER.includes(name));
  say(form, "slip", cards.map(({ name }) => fields[name]).join(" "));
  return inputs[0];
};
