/*
  <studio-preview src="/live/winter-table/live.m3u8"><video muted playsinline></video></studio-preview>
  The picture as viewers get it, silent. It starts once the page says that there is one (`data-picture-ready="yes"`), and when
  it breaks off it is loaded again after a moment. Hears studio:drawn.
*/
import Hls from "hls.js";

const AGAIN_MS = 3000;

class StudioPreview extends HTMLElement {
  #living;
  #player = null;
  #timer = 0;

  connectedCallback() {
    this.#living = new AbortController();
    document.addEventListener("studio:drawn", () => this.#start(), { signal: this.#living.signal });
    this.#start();
  }

  disconnectedCallback() {
    this.#living.abort();
    clearTimeout(this.#timer);
    this.#stop();
  }

  #start() {
    const video = this.querySelector("video");
    const there = document.querySelector('[data-picture-ready="yes"]');
    if (this.#player || this.#timer || !there || !video.checkVisibility()) return;
    if (!Hls.isSupported()) {
      if (!video.src) video.src = this.getAttribute("src");
      video.play().catch(() => {});
      return;
    }
    this.#player = new Hls({ liveSyncDurationCount: 2, backBufferLength: 10 });
    this.#player.on(Hls.Events.ERROR, (_, { fatal }) => fatal && this.#again());
    this.#player.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
    this.#player.loadSource(this.getAttribute("src"));
    this.#player.attachMedia(video);
  }

  #stop() {
    this.#player?.destroy();
    this.#player = null;
  }

  #again() {
    this.#stop();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#start();
    }, AGAIN_MS);
  }
}

customElements.define("studio-preview", StudioPreview);
