/** Countdowns: how time left is told, and the one beat that all clocks of a page share. No DOM. */

const SECOND = 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const two = (figure) => String(figure).padStart(2, "0");

/** Whole seconds that are left, rounded up: at "0:00" it is over, not before. */
export const secondsLeft = (until, now) => Math.max(0, Math.ceil((until - now) / SECOND));

/** "8:42", from an hour "1:02:07". */
export const clockText = (seconds) => {
  const hours = Math.floor(seconds / HOUR);
  const minutes = Math.floor((seconds % HOUR) / MINUTE);
  return hours ? `${hours}:${two(minutes)}:${two(seconds % MINUTE)}` : `${minutes}:${two(seconds % MINUTE)}`;
};

/** The three largest units for a wait of hours or days: `[["15", "hours"], ["28", "minutes"], ["06", "seconds"]]`. */
export const unitsText = (seconds) => {
  const days = Math.floor(seconds / DAY);
  const hours = Math.floor((seconds % DAY) / HOUR);
  const minutes = Math.floor((seconds % HOUR) / MINUTE);
  if (days)
    return [
      [String(days), "days"],
      [two(hours), "hours"],
      [two(minutes), "minutes"],
    ];
  return [
    [String(hours), "hours"],
    [two(minutes), "minutes"],
    [two(seconds % MINUTE), "seconds"],
  ];
};

/** The same in words, for a screen reader: "4 minutes 31 seconds". */
export const spokenText = (seconds) => {
  const told = (count, word) => (count ? `${count} ${word}${count === 1 ? "" : "s"}` : "");
  const parts = [
    told(Math.floor(seconds / DAY), "day"),
    told(Math.floor((seconds % DAY) / HOUR), "hour"),
    told(Math.floor((seconds % HOUR) / MINUTE), "minute"),
    seconds < HOUR ? told(seconds % MINUTE, "second") : "",
  ].filter(Boolean);
  return parts.join(" ") || "0 seconds";
};

const listeners = new Set();
let beat = 0;

const beatAll = () => {
  for (const listener of listeners) listener();
};

/**
 * Call `tick` now and then four times a second until the signal aborts. Four, so that a clock is never a second behind
 * the server's; the clocks write only when their text changes.
 */
export const everyBeat = (tick, signal) => {
  listeners.add(tick);
  if (!beat) beat = setInterval(beatAll, SECOND / 4);
  signal.addEventListener("abort", () => {
    listeners.delete(tick);
    if (!listeners.size) {
      clearInterval(beat);
      beat = 0;
    }
  });
  tick();
};
