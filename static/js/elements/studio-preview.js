/*
  <studio-preview src="/live/winter-table/live.m3u8"><video muted playsinline></video></studio-preview>
  The picture as viewers get it, silent. When it is not there yet or breaks off, it is asked for again every few seconds.
*/
import Hls from "hls.js";

const AGAIN_MS = 3000;

class StudioPreview extends HTMLElement {
  #player = null;
  #timer = 0;

  connectedCallback() {
    this.#start();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#stop();
  }

  async #start() {
    const video = this.querySelector("video");
    const there = await fetch(this.getAttribute("src"), { method: "GET" }).catch(() => null);
    if (!this.isConnected) return;
    if (!there?.ok) {
      this.#later();
      return;
    }
    if (!Hls.isSupported()) {
      video.src = this.getAttribute("src");
      video.play().catch(() => {});
      return;
    }
    this.#player = new Hls({ liveSyncDurationCount: 2, backBufferLength: 10, enableWorker: true });
    this.#player.on(Hls.Events.ERROR, (_, { fatal }) => {
      if (!fatal) return;
      this.#stop();
      this.#later();
    });
    this.#player.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
    this.#player.loadSource(this.getAttribute("src"));
    this.#player.attachMedia(video);
  }

  #stop() {
    this.#player?.destroy();
    this.#player = null;
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), AGAIN_MS);
  }
}

customElements.define("studio-preview", StudioPreview);
