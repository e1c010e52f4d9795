// The tutorial's chat on `ws`: every message goes through Redis, so that any number of processes share a room.
// PORT, REDIS_URL. Other paths echo, and HTTP says hello.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { WebSocketServer } = require("ws");
const Redis = require("ioredis");

const ROOM = /^\/ws\/chat\/([\w-]+)\/$/;

const publisher = new Redis(process.env.REDIS_URL);
const subscriber = new Redis(process.env.REDIS_URL);
/** @type {Map<string, Set<import("ws").WebSocket>>} members by Redis channel */
const rooms = new Map();

// As bytes: they go to the sockets as they are.
subscriber.on("messageBuffer", (channel, message) => {
  const text = { binary: false };
  for (const socket of rooms.get(channel.toString()) ?? []) socket.send(message, text);
});

async function join(socket, channel) {
  let members = rooms.get(channel);
  if (members === undefined) {
    members = new Set();
    rooms.set(channel, members);
    members.subscribed = subscriber.subscribe(channel);
  }
  members.add(socket);
  socket.on("close", () => {
    members.delete(socket);
    if (members.size === 0 && rooms.get(channel) === members) {
      rooms.delete(channel);
      subscriber.unsubscribe(channel);
    }
  });
  await members.subscribed;
}

const server = http.createServer((request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": 13 });
  response.end("Hello, world!");
});

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

server.on("upgrade", async (request, stream, head) => {
  const room = ROOM.exec(request.url.split("?")[0]);
  if (room === null) {
    sockets.handleUpgrade(request, stream, head, (socket) => {
      socket.on("error", () => {});
      socket.on("message", (data, binary) => socket.send(data, { binary }));
    });
    return;
  }
  const channel = `room:${room[1]}`;
  sockets.handleUpgrade(request, stream, head, (socket) => {
    socket.on("error", () => {});
    const joined = join(socket, channel);
    socket.on("message", async (data) => {
      await joined;
      const { message } = JSON.parse(data);
      publisher.publish(channel, JSON.stringify({ message }));
    });
  });
});

// A subscription before the connection is ready would lose its way: ioredis asks the server first whether it is.
Promise.all([once(publisher, "ready"), once(subscriber, "ready")]).then(() => {
  server.listen({ host: "127.0.0.1", port: Number(process.env.PORT), backlog: 4096 }, () => {
    console.log(`listening on ${server.address().port}`);
  });
});
