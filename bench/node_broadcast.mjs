// A plain Node broadcast with `ws`: what a small service beside Django would do. One message in, one send per viewer.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: Number(process.argv[2]), host: "127.0.0.1", perMessageDeflate: false, backlog: 4096 });
server.on("connection", (socket) => {
  socket.on("message", (message) => {
    const text = JSON.stringify(JSON.parse(message));
    for (const client of server.clients) if (client.readyState === 1) client.send(text);
  });
});
server.on("listening", () => console.log("ready"));
