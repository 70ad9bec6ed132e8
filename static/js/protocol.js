/**
 * The wire as the browser knows it: the twin of livecommerce/realtime/protocol/, compared by a test.
 * Moments are ms since 1970, money is {amount: minor units, currency}.
 */

/** Policies: "immediate", "with_picture" (waits for the viewer's own picture), "server_clock". */
export const EVENTS = {
  "show.went_live": { policy: "immediate", fields: ["state", "reason", "until"] },
  "show.interrupted": { policy: "immediate", fields: ["state", "reason", "until"] },
  "show.resumed": { policy: "immediate", fields: ["state", "reason", "until"] },
  "show.ended": { policy: "immediate", fields: ["state", "reason", "until"] },
  "item.pinned": { policy: "with_picture", fields: ["item"] },
  "item.unpinned": { policy: "with_picture", fields: ["item"] },
  "drop.scheduled": { policy: "server_clock", fields: ["drop"] },
  "drop.opened": { policy: "server_clock", fields: ["drop"] },
  "drop.paused": { policy: "server_clock", fields: ["drop"] },
  "drop.resumed": { policy: "server_clock", fields: ["drop"] },
  "drop.sold_out": { policy: "immediate", fields: ["drop"] },
  "drop.drawn": { policy: "immediate", fields: ["drop"] },
  "drop.closed": { policy: "immediate", fields: ["drop"] },
  "code.dropped": { policy: "with_picture", fields: ["code"] },
  "message.posted": { policy: "immediate", fields: ["id", "key", "author", "text"] },
  "message.deleted": { policy: "immediate", fields: ["id", "message_seq"] },
};

export const PRIVATE_NEWS = {
  "hold.placed": ["hold"],
  "hold.extended": ["hold"],
  "hold.expired": ["hold"],
  "hold.released": ["hold"],
  "hold.taken": ["hold"],
  "queue.joined": ["drop", "position"],
  "queue.moved": ["drop", "position"],
  "queue.offered": ["drop", "position", "hold"],
  "queue.passed": ["drop", "position"],
  "queue.closed": ["drop", "position"],
  "order.paid": ["order", "url"],
  "viewer.muted": ["show", "until", "reason"],
  "viewer.unmuted": ["show"],
};

export const STUDIO_NEWS = {
  "sale.ticked": ["kind", "text", "amount", "at"],
};

export const COMMANDS = {
  hello: ["epoch", "seq"],
  clock: ["c0"],
  beat: ["seq", "programme_at", "behind_ms", "stalls", "hidden"],
  "message.post": ["text", "key", "seen_at"],
  "reaction.send": ["emoji", "count"],
  "hold.place": ["drop", "variant", "quantity", "key", "work"],
  "hold.extend": ["hold"],
  "hold.release": ["hold"],
  "queue.join": ["drop", "variant", "work"],
  "queue.leave": ["drop"],
  "code.claim": ["code"],
};

export const CLOSE = {
  RESTARTING: 1012,
  TOO_LARGE: 1009,
  SIGN_IN: 4001,
  BANNED: 4003,
  TOO_SLOW: 4008,
  TOO_MANY: 4029,
};
