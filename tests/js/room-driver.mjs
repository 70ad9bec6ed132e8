// Clients of a property test: one JSON line in ({op, client, message}), one JSON line out. The real RoomState answers.
import { createInterface } from "node:readline";
import { RoomState } from "../../static/js/lib/room-state.js";

const clients = new Map();

const answers = {
  reset: () => clients.clear() ?? {},
  new: ({ client }) => clients.set(client, new RoomState()) && {},
  take: ({ client, message, blind }) => {
    const room = clients.get(client);
    // The negative control: a client that believes every frame to follow what it has.
    if (blind && message.from !== undefined) message.from = Math.min(message.from, room.seq + 1);
    const { events, reset, gap } = room.take(message);
    return { events: events.map(({ seq }) => seq), reset, gap, epoch: room.epoch, seq: room.seq };
  },
  state: ({ client }) => clients.get(client).all(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  console.log(JSON.stringify(answers[asked.op](asked)));
}
