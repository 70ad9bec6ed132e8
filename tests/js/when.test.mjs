import assert from "node:assert/strict";
import { test } from "node:test";
import { inShape } from "../../static/js/lib/when.js";

const moment = new Date(2026, 8, 6, 7, 5, 9);

test("each shape is written as the server's template tag writes it", () => {
  const shapes = ["time", "second", "weekday", "day", "date", "day-time"];

  assert.deepEqual(
    shapes.map((shape) => inShape(shape, moment)),
    ["07:05", "07:05:09", "Sun", "Sun 6 Sep", "6 Sep 2026", "Sun 6 Sep, 07:05"],
  );
});

test("a shape that nobody knows is a day with its time", () => {
  assert.equal(inShape("epoch", moment), "Sun 6 Sep, 07:05");
});
