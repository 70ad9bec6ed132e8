import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../static/js/lib/backoff.js";

test("the bound doubles up to half a minute and the wait is anywhere below it", () => {
  const most = new Backoff({ random: () => 1 });
  const waits = Array.from({ length: 8 }, () => most.next());

  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(new Backoff({ random: () => 0 }).next(), 0);
});

test("a connection that held starts anew", () => {
  const backoff = new Backoff({ random: () => 1 });
  backoff.next();
  backoff.next();
  backoff.reset();

  assert.equal(backoff.next(), 1000);
});

test("a spread from the server is kept to, within reason", () => {
  const backoff = new Backoff({ random: () => 1 });

  assert.equal(backoff.within(6), 6000);
  assert.equal(backoff.within(0), 500);
  assert.equal(backoff.within(9999), 60_000);
});
