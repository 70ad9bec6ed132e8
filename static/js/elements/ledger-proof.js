/*
  <ledger-proof src="/api/v1/…/ledger"><button hidden>Check all 214 entries here</button><p role="status"></p></ledger-proof>
  Loads the ledger and computes every fingerprint again on the reader's own device.
*/
import { broken } from "lib/ledger-proof";

class LedgerProof extends HTMLElement {
  #button = null;

  connectedCallback() {
    this.#button = this.querySelector("button");
    this.#button.hidden = false;
    this.#button.addEventListener("click", this.#check);
  }

  disconnectedCallback() {
    this.#button.removeEventListener("click", this.#check);
  }

  #check = async () => {
    this.#button.disabled = true;
    this.#say("Checking …");
    try {
      const answer = await fetch(this.getAttribute("src"), { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const ledger = await answer.json();
      const found = await broken(ledger);
      this.dataset.result = found.length ? "broken" : "whole";
      this.#say(
        found.length
          ? `${found.length} of ${ledger.entries.length} entries do not hold: this ledger was changed.`
          : `All ${ledger.entries.length} entries hold. Nothing was changed, nothing is missing.`,
      );
    } catch {
      this.#say("The ledger could not be loaded. Nothing was checked; try again.");
    }
    this.#button.disabled = false;
  };

  #say(words) {
    this.querySelector("[role=status]").textContent = words;
  }
}

customElements.define("ledger-proof", LedgerProof);
