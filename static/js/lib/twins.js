/** The HTTP twins of the socket's commands: what a page sends when the socket is not there. Same keys, same answers. */
import { call } from "lib/api";

const TWINS = {
  "message.post": ({ slug }, { text, key, seen_at }) => [
    "POST",
    `shows/${slug}/messages`,
    { text, key, seen_at },
  ],
  "hold.place": ({ id }, fields) => ["POST", "holds", { ...fields, show: id }],
  "hold.extend": (_, { hold }) => ["POST", `holds/${hold}/extend`],
  "hold.release": (_, { hold }) => ["DELETE", `holds/${hold}`],
  "queue.join": (_, { drop, ...wanted }) => ["POST", `drops/${drop}/queue`, wanted],
  "queue.leave": (_, { drop }) => ["DELETE", `drops/${drop}/queue`],
  "code.claim": ({ id }, { code }) => ["POST", "codes/claim", { code, show: id }],
};

/** Whether a command is safe to send twice: its key makes the second one find the first one's answer. */
export const repeatable = (type, fields) => "key" in fields && type in TWINS;

/** Send a command over HTTP; what has no twin is ephemeral and may be lost. */
export const sendTwin = async (show, type, fields) => {
  const twin = TWINS[type];
  return twin ? ((await call(...twin(show, fields))) ?? {}) : {};
};
