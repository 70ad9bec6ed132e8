/*
  <theme-toggle><form …><button name="theme" value="dark" aria-pressed="false">Dark</button>…</form></theme-toggle>
  Changes the colours at once and keeps the choice in the cookie that the server reads. Without it the form is posted.
*/
const A_YEAR = 365 * 24 * 3600;

class ThemeToggle extends HTMLElement {
  #listening;

  connectedCallback() {
    this.#listening = new AbortController();
    this.addEventListener("submit", (event) => this.#choose(event), { signal: this.#listening.signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
  }

  #choose(event) {
    const theme = event.submitter?.value ?? "";
    event.preventDefault();
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    // biome-ignore lint/suspicious/noDocumentCookie: the server has to read it, and cookieStore is not everywhere.
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? A_YEAR : 0}; samesite=lax`;
    this.#press(theme);
  }

  #press(theme) {
    for (const button of this.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  }
}

customElements.define("theme-toggle", ThemeToggle);
