/*
  <local-time format="day-time"><time datetime="2026-11-22T11:00:00+00:00">Sun 22 Nov, 11:00</time></local-time>
  <local-time format="zone">UTC</local-time>
  Rewrites a moment in the reader's own zone, in the shapes of the server ({% when %}). Without it the server's zone stands.
*/
import { inShape, zoneName } from "lib/when";

class LocalTime extends HTMLElement {
  connectedCallback() {
    const shape = this.getAttribute("format");
    if (shape === "zone") {
      this.textContent = zoneName();
      return;
    }
    const time = this.querySelector("time");
    const moment = new Date(time?.dateTime ?? "");
    if (!Number.isNaN(moment.getTime())) time.textContent = inShape(shape, moment);
  }
}

customElements.define("local-time", LocalTime);
