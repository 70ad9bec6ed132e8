/*
  <pay-form><form method="post">… <button>Pay now EUR 42.90</button></form></pay-form>
  While the bank is asked the button says so and a second tap does nothing. Without scripts the server sorts out double taps.
*/
class PayForm extends HTMLElement {
  #listening;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener("submit", (event) => this.#send(event), { signal });
    // Back from the next page: the browser may show this one as it was left.
    addEventListener("pageshow", () => this.#rest(), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #send(event) {
    const button = event.submitter;
    if (this.dataset.sent) {
      event.preventDefault();
      return;
    }
    this.dataset.sent = "yes";
    if (!button) return;
    this.#button = button;
    button.dataset.words = button.textContent;
    button.ariaBusy = "true";
    button.textContent = "Paying";
  }

  #button = null;

  #rest() {
    delete this.dataset.sent;
    if (!this.#button) return;
    this.#button.ariaBusy = null;
    this.#button.textContent = this.#button.dataset.words;
    this.#button = null;
  }
}

customElements.define("pay-form", PayForm);
