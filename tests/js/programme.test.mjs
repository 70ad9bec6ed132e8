import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf, programmeOf } from "../../static/js/lib/programme.js";

const NOON = 1_795_000_000_000;
// Two runs: the host was away for a minute after the second segment.
const FRAGMENTS = [
  { programDateTime: NOON, start: 0, duration: 2 },
  { programDateTime: NOON + 2000, start: 2, duration: 2 },
  { programDateTime: NOON + 64_000, start: 4, duration: 2 },
];

test("a moment is found in its segment", () => {
  assert.equal(placeOf(NOON + 2500, FRAGMENTS), 2.5);
});

test("a moment while the host was away is shown by what came next", () => {
  assert.equal(placeOf(NOON + 30_000, FRAGMENTS), 4);
});

test("a moment before or after the list is its beginning or its end", () => {
  assert.equal(placeOf(NOON - 5000, FRAGMENTS), 0);
  assert.equal(placeOf(NOON + 99_000, FRAGMENTS), 6);
});

test("without a list there is no place", () => {
  assert.equal(placeOf(NOON, []), null);
});

test("a picture from the future is not believed", () => {
  const engine = { playingDate: () => NOON };

  assert.equal(programmeOf({}, engine, NOON + 3000), NOON);
  assert.equal(programmeOf({}, engine, NOON - 5000), null);
});

test("a native player tells its programme time from where its list began", () => {
  const video = { getStartDate: () => new Date(NOON), currentTime: 12.5 };

  assert.equal(programmeOf(video, { playingDate: () => null }), NOON + 12_500);
  assert.equal(programmeOf({ getStartDate: () => new Date(Number.NaN), currentTime: 1 }, null), null);
});
