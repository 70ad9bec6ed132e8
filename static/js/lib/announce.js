/** What is said to screen readers. One polite region for the page, one line at a time, each given time to be read. */

const PAUSE_MS = 1500;
const waiting = [];
let speaking = 0;

const region = () => document.getElementById("announcer");

const next = () => {
  const text = waiting.shift();
  if (text === undefined) {
    speaking = 0;
    return;
  }
  const place = region();
  if (place) place.textContent = text;
  speaking = setTimeout(next, PAUSE_MS);
};

/** Say a sentence after those that wait. The same sentence twice in a row is said once. */
export const announce = (text) => {
  if (waiting.at(-1) === text) return;
  waiting.push(text);
  if (!speaking) next();
};
