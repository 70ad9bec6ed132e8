/**
 * Programme time: what belongs to a moment of the picture is told when the viewer's own picture gets there.
 * Order is kept: nothing that waits is overtaken by something later that also waits.
 */

const LOOK_MS = 100;
// A paused or rewound picture must not keep a price from the screen for ever.
const LONGEST_MS = 30_000;

/** Whether a state waits: pins do, in their order; a code until the picture has come to its drop, then it is told at once. */
export const isAhead = ({ key, value }, picture) =>
  key === "pins" || (key.startsWith("code:") && picture !== null && picture < value.programme_at);

export class PictureWait {
  #programme;
  #clock;
  #waiting = [];
  #timer = 0;

  /** `programme()` gives the picture's time in ms or null, `clock()` a stopwatch in ms. */
  constructor(programme, clock = () => performance.now()) {
    this.#programme = programme;
    this.#clock = clock;
  }

  /** Call `tell` once the picture has reached `moment`, at once if there is no picture. */
  until(moment, tell) {
    this.#waiting.push({ moment, tell, late: this.#clock() + LONGEST_MS });
    this.#look();
  }

  /** Tell nothing that waits: a snapshot has replaced it. */
  clear() {
    this.#waiting = [];
  }

  #look = () => {
    clearTimeout(this.#timer);
    const at = this.#programme();
    while (this.#waiting.length) {
      const { moment, tell, late } = this.#waiting[0];
      if (at !== null && at < moment && this.#clock() < late) break;
      this.#waiting.shift();
      tell();
    }
    if (this.#waiting.length) this.#timer = setTimeout(this.#look, LOOK_MS);
  };
}
