import assert from "node:assert/strict";
import { test } from "node:test";
import { PlayerRecovery } from "../../static/js/lib/player-recovery.js";

const steady = () => new PlayerRecovery({ random: () => 0.5 });

test("a lost network is asked again ever more slowly, and quickly after it was well", () => {
  const recovery = steady();
  const waits = [1, 2, 3, 4, 5, 6, 7].map(() => recovery.network().after);
  recovery.healthy();

  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 15_000, 30_000, 30_000]);
  assert.equal(recovery.network().after, 1000);
});

test("a list that contradicts itself makes a new player, but not in a loop", () => {
  const recovery = steady();

  assert.equal(recovery.list(10_000).act, "rebuild");
  assert.equal(recovery.list(10_100).act, "reload");
  assert.equal(recovery.list(20_000).act, "rebuild");
});

test("a decoder is recovered once, then the player is made anew, then the engine is changed, then a person is asked", () => {
  const recovery = steady();

  assert.deepEqual(
    [1000, 2000, 3000, 4000].map((now) => recovery.decoder(now).act),
    ["recover", "rebuild", "native", "fail"],
  );
  assert.equal(recovery.decoder(60_000).act, "recover");
});

test("a picture that stands while the edge goes on jumps after eight seconds and is made anew after twenty", () => {
  const recovery = steady();
  const acts = [];
  for (let now = 0; now <= 21_000; now += 250) {
    const decision = recovery.watch({ moved: false, ahead: 5000, now });
    if (decision) acts.push([now, decision.act]);
  }

  assert.deepEqual(acts, [
    [8250, "jump"],
    [20_250, "rebuild"],
  ]);
});

test("while the host is away nothing is ahead, and nothing is done", () => {
  const recovery = steady();
  for (let now = 0; now <= 60_000; now += 250) {
    assert.equal(recovery.watch({ moved: false, ahead: 0, now }), null);
  }
});

test("a tab that wakes far behind goes to the live edge, unless its viewer had gone back on purpose", () => {
  const recovery = steady();

  assert.equal(recovery.woke({ behind: 20_000, wasLive: true }).act, "jump");
  assert.equal(recovery.woke({ behind: 20_000, wasLive: false }), null);
  assert.equal(recovery.woke({ behind: 4000, wasLive: true }), null);
});
