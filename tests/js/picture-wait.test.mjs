import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { isAhead, PictureWait } from "../../static/js/lib/picture-wait.js";

test("a pin waits for the picture and is told in order", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let picture = 1000;
  const told = [];
  const wait = new PictureWait(() => picture, () => 0);
  wait.until(1500, () => told.push("pinned"));
  wait.until(1400, () => told.push("unpinned"));

  mock.timers.tick(500);
  assert.deepEqual(told, []);
  picture = 1500;
  mock.timers.tick(100);

  assert.deepEqual(told, ["pinned", "unpinned"]);
  mock.timers.reset();
});

test("without a picture nothing waits", () => {
  const told = [];

  new PictureWait(() => null, () => 0).until(5000, () => told.push("pinned"));

  assert.deepEqual(told, ["pinned"]);
});

test("a paused picture does not keep a pin from the screen for ever", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let stopwatch = 0;
  const told = [];
  new PictureWait(() => 0, () => stopwatch).until(5000, () => told.push("pinned"));
  stopwatch = 30_001;

  mock.timers.tick(100);

  assert.deepEqual(told, ["pinned"]);
  mock.timers.reset();
});

test("a code waits for the picture to come to its drop; what is left of it then waits for nothing", () => {
  const code = { key: "code:7", value: { programme_at: 5000 } };

  assert.equal(isAhead(code, 4999), true);
  assert.equal(isAhead(code, 5000), false);
  assert.equal(isAhead(code, null), false);
  assert.equal(isAhead({ key: "pins", value: { programme_at: 5000 } }, 6000), true);
  assert.equal(isAhead({ key: "stock:7", value: {} }, 4999), false);
});
