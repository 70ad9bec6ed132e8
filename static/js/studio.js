// The Studio: a running show, and the page before it.
import { setServerClock } from "lib/server-time";
import { showSocket } from "show-socket";
import "elements/copy-button";
import "elements/count-down";
import "elements/drain-line";
import "elements/go-clock";
import "elements/stock-bar";
import "elements/studio-acts";
import "elements/studio-chat";
import "elements/studio-clock";
import "elements/studio-figure";
import "elements/studio-keys";
import "elements/studio-panel";
import "elements/studio-preview";
import "elements/studio-stock";

if (showSocket) setServerClock(() => showSocket.serverNow());
showSocket?.start();
