// The show page: its elements, each in a turn of its own so that no phone stands still while they start, then the socket that
// feeds them. Who hears comes before who tells: a tap on a card finds its sheet there, and the socket's first news finds everyone.
import { breathe } from "lib/breathe";

const turns = [
  () => import("elements/count-down"),
  () => import("elements/drain-line"),
  () => import("elements/stock-bar"),
  () => import("elements/show-player"),
  () => import("elements/chat-log"),
  () => import("elements/viewer-count"),
  () => import("elements/code-chip"),
  () => import("elements/connection-line"),
  () => import("elements/product-sheet"),
  () => import("elements/checkout-sheet"),
  () => import("elements/bag-sheet"),
  () => import("elements/replay-chapters"),
  () => import("elements/stage-moment"),
  () => import("elements/show-curtain"),
  () => import("elements/reaction-burst"),
  () => import("elements/chat-composer"),
  () => import("elements/drop-card"),
  () => import("elements/line-up"),
  () => import("elements/show-stage"),
  () => import("show-socket").then(({ showSocket }) => showSocket.start()),
];

for (const turn of turns) {
  await turn();
  await breathe();
}
