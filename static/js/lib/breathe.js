/**
 * Let the browser paint and answer taps before the next step of something long. Not for what has to happen in one go: anything
 * may have changed meanwhile.
 */
export const breathe = () => globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
