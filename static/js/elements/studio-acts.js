/*
  <studio-acts data-state="live">…<form data-act data-confirm="End the show?" data-confirm-why="…" data-confirm-yes="End show">…</studio-acts>
  Sends the Studio's forms without leaving the page. Without scripts they are plain forms that come back to it.
  Tells studio:acted once something was done, so that the panels ask for themselves again.
  Hears state:show: before, on air and over are pages of their own, so it opens the other one.
*/
import { press, tell } from "lib/studio-press";

const RELOAD_MS = 600;
const ON_AIR = new Set(["live", "interrupted"]);
const COMING = new Set(["draft", "scheduled", "rehearsal"]);

const phase = (state) => (ON_AIR.has(state) ? "on-air" : COMING.has(state) ? "coming" : "over");

class StudioActs extends HTMLElement {
  #living;

  connectedCallback() {
    this.#living = new AbortController();
    const { signal } = this.#living;
    document.addEventListener("submit", (event) => this.#submitted(event), { signal });
    document.addEventListener("click", (event) => this.#opens(event), { signal });
    document.addEventListener("state:show", ({ detail }) => this.#moved(detail.value.state), { signal });
  }

  disconnectedCallback() {
    this.#living.abort();
  }

  async #submitted(event) {
    const form = event.target;
    if (!form.matches?.("form[data-act]")) return;
    event.preventDefault();
    form.closest("dialog")?.close();
    if (form.dataset.confirm && !(await this.#confirmed(form))) return;
    const button = event.submitter ?? form.querySelector("button");
    if (button?.getAttribute("aria-busy") === "true") return;
    button?.setAttribute("aria-busy", "true");
    try {
      const { done, undo } = await press(form.action, new FormData(form));
      tell(done, { undo });
      document.dispatchEvent(new CustomEvent("studio:acted", { detail: { form } }));
      if ("reload" in form.dataset) this.#reload();
    } catch (error) {
      tell(error.message, { fault: true });
    } finally {
      button?.removeAttribute("aria-busy");
    }
  }

  #confirmed({ dataset }) {
    const dialog = document.getElementById("studio-confirm");
    dialog.querySelector("h2").textContent = dataset.confirm;
    dialog.querySelector("p").textContent = dataset.confirmWhy ?? "";
    dialog.querySelector('[data-slot="yes"]').textContent = dataset.confirmYes ?? "Yes";
    dialog.returnValue = "no";
    dialog.showModal();
    dialog.querySelector('[data-slot="yes"]').focus();
    return new Promise((answer) => {
      dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    });
  }

  #opens(event) {
    const opener = event.target.closest?.("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  }

  #moved(state) {
    if (phase(state) !== phase(this.dataset.state)) this.#reload();
  }

  #reload() {
    setTimeout(() => location.reload(), RELOAD_MS);
  }
}

customElements.define("studio-acts", StudioActs);
