/**
 * The server's time in ms. The device's clock is never asked: until the socket has measured an offset, it is the moment at which
 * the server wrote the page, moved on by the page's own stopwatch.
 */
const written = () => {
  const boot = document.getElementById("show-boot");
  return boot ? JSON.parse(boot.textContent).now : performance.timeOrigin;
};

let now = null;

export const serverNow = () => {
  if (!now) {
    const base = written();
    now = () => base + performance.now();
  }
  return now();
};

/** Take a better clock, once there is one. */
export const setServerClock = (clock) => {
  now = clock;
};
