/*
  <studio-panel src="/studio/winter-table/panels/rundown/" hears="item.pinned drop.opened" every="5">…</studio-panel>
  A part of the Studio that the server draws, from the same rows as everything else. It asks for itself again when something
  that it shows has happened (`hears`), when somebody here pressed something, when a clock in it has run out, when the
  socket is back, and every few seconds if it says so. `join` is how long news collect, in ms. Focus, choices and scrolling stay where they were.
  Tells studio:drawn.
*/
const JOIN_MS = 200;
const OVER_MS = 700;
// A clock's own text and the token in the forms differ each time and mean the same.
const SAME = [/name="csrfmiddlewaretoken" value="[^"]*"/g, /(?<=<(?:count-down|studio-clock)\b[^>]*>)[^<]*/g];

class StudioPanel extends HTMLElement {
  #living;
  #timer = 0;
  #asking = false;
  #again = false;
  #drawn = "";

  connectedCallback() {
    this.#living = new AbortController();
    const { signal } = this.#living;
    const heard = (this.getAttribute("hears") ?? "").split(" ").filter(Boolean);
    for (const type of [...heard, "studio:acted", "socket:connected"]) {
      document.addEventListener(type, () => this.#askIn(Number(this.getAttribute("join")) || JOIN_MS), {
        signal,
      });
    }
    this.addEventListener("count-down:over", () => this.#askIn(OVER_MS), { signal });
    document.addEventListener("visibilitychange", () => this.#askIn(JOIN_MS), { signal });
    matchMedia("(width < 48rem)").addEventListener("change", () => this.#askIn(0), { signal });
    this.#place();
    const every = Number(this.getAttribute("every"));
    if (every) {
      const beat = setInterval(() => this.#askIn(0), every * 1000);
      signal.addEventListener("abort", () => clearInterval(beat));
    }
  }

  disconnectedCallback() {
    this.#living.abort();
    clearTimeout(this.#timer);
  }

  #askIn(milliseconds) {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#ask();
    }, milliseconds);
  }

  async #ask() {
    if (document.hidden || !this.checkVisibility()) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    const answer = await fetch(this.getAttribute("src"), { headers: { Accept: "text/html" } }).catch(
      () => null,
    );
    const text = answer?.ok ? await answer.text() : "";
    this.#asking = false;
    // A failed question leaves what was there; the clocks in it go on, and the next news asks again.
    if (text && this.isConnected) this.#draw(text);
    if (this.#again) {
      this.#again = false;
      this.#askIn(JOIN_MS);
    }
  }

  #draw(text) {
    const bare = SAME.reduce((rest, part) => rest.replace(part, ""), text);
    if (bare === this.#drawn) return;
    // Somebody is pressing something here: let them finish, or the press would be lost with its button.
    if (this.querySelector(":active")) {
      this.#askIn(JOIN_MS);
      return;
    }
    this.#drawn = bare;
    const kept = this.#keep();
    this.innerHTML = text;
    this.#place();
    kept();
    document.dispatchEvent(new CustomEvent("studio:drawn"));
  }

  /** Places along a line come as data-share, in percent: a style attribute would be refused by the page's policy. */
  #place() {
    for (const mark of this.querySelectorAll("[data-share]"))
      mark.style.setProperty("--at", `${mark.dataset.share}%`);
  }

  /** Remember what the reader did here; returns how to do it again. */
  #keep() {
    const controls = () => [...this.querySelectorAll("a, button, input, summary, [tabindex]")];
    const named = (control) => control.getAttribute("aria-label") ?? control.value ?? "";
    const active = controls().indexOf(document.activeElement);
    const called = active < 0 ? null : named(document.activeElement) || document.activeElement.textContent;
    const choices = [...this.querySelectorAll("input:checked")].map(({ name, value }) => [name, value]);
    const tops = [...this.children].map((child) => child.scrollTop);
    return () => {
      for (const [name, value] of choices) {
        const choice = this.querySelector(`input[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
        if (choice) choice.checked = true;
      }
      tops.forEach((top, index) => {
        if (top && this.children[index]) this.children[index].scrollTop = top;
      });
      if (called === null) return;
      const same = controls().find((control) => (named(control) || control.textContent) === called);
      (same ?? controls()[Math.min(active, controls().length - 1)])?.focus({ preventScroll: true });
    };
  }
}

customElements.define("studio-panel", StudioPanel);
