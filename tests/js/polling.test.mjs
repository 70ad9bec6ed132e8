import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Polling } from "../../static/js/lib/polling.js";

const settle = () => new Promise((resolve) => setImmediate(resolve));

const polling = async (t, answer) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const asked = [];
  const heard = [];
  const refused = [];
  t.mock.method(globalThis, "fetch", async (url) => {
    asked.push(url);
    return answer();
  });
  const one = new Polling("/feed", {
    ask: () => ({ epoch: "e1", after: 7, stalls: 0, hidden: false }),
    hear: (message) => heard.push(message),
    refused: (error) => refused.push(error.message),
  });
  one.start();
  for (let second = 0; second < 8; second += 1) {
    mock.timers.tick(1000);
    await settle();
    await settle();
  }
  return { one, asked, heard, refused };
};

test("it asks again and again from where it stands, and says that the viewer is there", async (t) => {
  const { one, asked, heard } = await polling(t, () => Response.json({ resumed: { to: 7 } }));

  assert.ok(asked.length >= 2);
  assert.equal(asked[0], "/feed?epoch=e1&after=7&stalls=0&hidden=false");
  assert.equal(heard.length, asked.length);
  one.stop();
});

test("who is sent out is told once and asks no more", async (t) => {
  const { one, asked, heard, refused } = await polling(t, () =>
    Response.json({ error: { code: "show.banned", message: "Asked to leave." } }, { status: 403 }),
  );

  assert.equal(asked.length, 1);
  assert.deepEqual(refused, ["Asked to leave."]);
  assert.deepEqual(heard, []);
  assert.equal(one.isOn, false);
});

test("a server that is away is asked again", async (t) => {
  const { one, asked } = await polling(t, () => Promise.reject(new TypeError("no network")));

  assert.ok(asked.length >= 2);
  one.stop();
});
