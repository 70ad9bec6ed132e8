import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomState } from "../../static/js/lib/room-state.js";

const event = (seq) => ({ seq, type: "message.posted" });
const snapshot = (seq, recent, state = {}) => ({ epoch: "e1", seq, recent: recent.map(event), state });
const welcomed = (seq) => {
  const room = new RoomState();
  room.take({ welcome: snapshot(seq, []) });
  return room;
};

test("the first welcome is drawn anew, with its recent events", () => {
  const news = new RoomState().take({ welcome: snapshot(3, [2, 3], { viewers: [1, { count: 4 }] }) });

  assert.equal(news.reset, true);
  assert.deepEqual(news.events.map(({ seq }) => seq), [2, 3]);
  assert.deepEqual(news.state, [{ key: "viewers", version: 1, value: { count: 4 } }]);
});

test("events come out once, however often they arrive", () => {
  const room = welcomed(3);
  const frame = { from: 4, to: 5, events: [event(4), event(5)] };

  assert.equal(room.take(frame).events.length, 2);
  assert.equal(room.take(frame).events.length, 0);
  assert.deepEqual(room.take({ from: 5, to: 6, events: [event(5), event(6)] }).events.map(({ seq }) => seq), [6]);
});

test("a hole is noticed and nothing after it comes out", () => {
  const room = welcomed(3);

  const news = room.take({ from: 5, to: 5, events: [event(5)] });

  assert.equal(news.gap, true);
  assert.deepEqual(news.events, []);
  assert.equal(room.seq, 3);
});

test("a frame of state alone still shows that events were missed", () => {
  const room = welcomed(3);

  assert.equal(room.take({ from: 6, to: 5, events: [], state: {} }).gap, true);
  assert.equal(room.take({ from: 4, to: 3, events: [], state: {} }).gap, false);
});

test("a slow client's frame without numbers tells of no hole", () => {
  assert.equal(welcomed(3).take({ now: 1, state: { viewers: [2, {}] } }).gap, false);
});

test("an older version of a state key is dropped", () => {
  const room = welcomed(3);
  room.take({ state: { "stock:1": [5, { left: 2 }] } });

  assert.deepEqual(room.take({ state: { "stock:1": [4, { left: 3 }] } }).state, []);
  assert.deepEqual(room.value("stock:1"), { left: 2 });
});

test("a welcome that reaches back far enough goes on without drawing anew", () => {
  const room = welcomed(3);

  const news = room.take({ welcome: snapshot(5, [3, 4, 5]) });

  assert.equal(news.reset, false);
  assert.deepEqual(news.events.map(({ seq }) => seq), [4, 5]);
});

test("a welcome that does not reach back asks for the rest", () => {
  const room = welcomed(3);

  const news = room.take({ welcome: snapshot(60, [59, 60]) });

  assert.equal(news.gap, true);
  assert.deepEqual(news.events, []);
  assert.equal(room.seq, 3);
});

test("resumed closes the gap, a snapshot replaces everything", () => {
  const room = welcomed(3);

  assert.deepEqual(
    room.take({ resumed: { epoch: "e1", from: 4, to: 5, events: [event(4), event(5)], state: {} } }).events.length,
    2,
  );
  assert.equal(room.take({ snapshot: snapshot(90, [90]) }).reset, true);
  assert.equal(room.seq, 90);
});

test("another epoch is another history", () => {
  const room = welcomed(3);

  const news = room.take({ welcome: { ...snapshot(9, [8, 9]), epoch: "e2" } });

  assert.equal(news.reset, true);
  assert.equal(room.epoch, "e2");
});
