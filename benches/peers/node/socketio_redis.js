// The tutorial's chat on Socket.IO with its Redis adapter. PORT, REDIS_URL.
// A client emits "join" with a room's name, then "message" with the name and a text; the room gets "message".
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const Redis = require("ioredis");
const { createAdapter } = require("@socket.io/redis-adapter");
const { Server } = require("socket.io");

const publisher = new Redis(process.env.REDIS_URL);
const subscriber = publisher.duplicate();

const server = http.createServer();
const io = new Server(server, {
  adapter: createAdapter(publisher, subscriber),
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
});

io.on("connection", (socket) => {
  socket.on("join", (room) => socket.join(room));
  socket.on("message", (room, text) => io.to(room).emit("message", text));
});

Promise.all([once(publisher, "ready"), once(subscriber, "ready")]).then(() => {
  server.listen({ host: "127.0.0.1", port: Number(process.env.PORT), backlog: 4096 }, () => {
    console.log(`listening on ${server.address().port}`);
  });
});
