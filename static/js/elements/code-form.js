/*
  <code-form><details>… <input> <button>Apply</button> …</details></code-form>: templates/checkout/_sheets.html
  A discount code for the bag that the sheet shows: `show(bag)` says what it does there. It stands inside the form that pays,
  so it is none itself: Enter in its field applies the code and pays nothing. Tells code:changed {code} on document.
*/
import { claimCode, removeCode } from "lib/checkout-acts";
import { claimedCode } from "lib/checkout-view";
import { fill, say, slot } from "lib/html";

class CodeForm extends HTMLElement {
  #listening;
  #seller = "";

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener("click", (event) => this.#press(event.target.closest("[data-code]")), { signal });
    this.field.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  get field() {
    return this.querySelector("input");
  }

  /** Show the code of this bag, if one is claimed there. */
  show(bag) {
    if (this.#seller !== bag.brand.slug) this.#slip("");
    this.#seller = bag.brand.slug;
    fill(slot(this, "claimed"), claimedCode(bag.code)).hidden = !bag.code;
  }

  #press(pressed) {
    if (pressed?.dataset.code === "apply") this.#apply();
    if (pressed?.dataset.code === "remove") this.#change(() => removeCode(this.#seller));
  }

  #key(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.#apply();
  }

  async #apply() {
    const typed = this.field.value.trim();
    if (!typed) this.field.focus();
    else if (await this.#change(() => claimCode(this.#seller, typed))) this.field.value = "";
  }

  async #change(act) {
    this.#slip("");
    try {
      const { code = "" } = await act();
      document.dispatchEvent(new CustomEvent("code:changed", { detail: { code } }));
    } catch (refusal) {
      this.#slip(refusal.message);
      this.field.focus();
      return false;
    }
    return true;
  }

  #slip(words) {
    say(this, "slip", words);
    this.field.ariaInvalid = words ? "true" : null;
  }
}

customElements.define("code-form", CodeForm);
