import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../static/js/lib/clock.js";

test("the device clock does not matter: only the stopwatch and the server's answers count", () => {
  let stopwatch = 1000;
  const clock = new ServerClock(() => stopwatch);
  const c0 = clock.start();
  stopwatch += 40;

  clock.answer({ c0, s1: 5_000_020, s2: 5_000_020 });

  assert.equal(clock.now(), 5_000_040);
  stopwatch += 1000;
  assert.equal(clock.now(), 5_001_040);
});

test("the quickest probe counts, a slow one changes nothing", () => {
  let stopwatch = 0;
  const clock = new ServerClock(() => stopwatch);
  clock.answer({ c0: 0, s1: 100, s2: 100 });
  const before = clock.now();
  const c0 = clock.start();
  stopwatch += 900;

  clock.answer({ c0, s1: 950, s2: 950 });

  assert.equal(clock.now(), before + 900);
});

test("after a sleep only new probes count", () => {
  let stopwatch = 0;
  const clock = new ServerClock(() => stopwatch);
  clock.answer({ c0: 0, s1: 100, s2: 100 });
  clock.forget();
  const c0 = clock.start();
  stopwatch += 20;

  clock.answer({ c0, s1: 60_110, s2: 60_110 });

  assert.equal(clock.now(), 60_120);
});

test("a first guess is used until a probe is answered", () => {
  const clock = new ServerClock(() => 10);
  clock.guess(500);
  clock.guess(900);

  assert.equal(clock.now(), 500);
  assert.equal(clock.known, true);
});
