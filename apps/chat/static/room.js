// A room's page: wires the socket, the log, the people and the form together.

import { Log } from "./log.js";
import { People } from "./people.js";
import { Socket } from "./socket.js";

const MAX_NAME = 32;
const NAME_KEY = "username";
const TYPING_INTERVAL = 3_000;
// Codes of closes after which there is no use in coming back.
const SESSION_OVER = 4401;
const MEMBERS_ONLY = 4003;
const ROOM_GONE = 4404;

const byId = (id) => document.getElementById(id);
const { room, user, socket: path, members } = document.body.dataset;
const input = byId("message-input");
const nameInput = byId("username-input"); // not there for who is logged in

const log = new Log(byId("log"), byId("latest"), room, (id) => socket.tell({ before: id }));
const people = new People({
  element: byId("people"),
  count: byId("people-count"),
  list: byId("people-names"),
  typing: byId("typing"),
});

const isOwn = (entry) => user !== undefined && !entry.guest && entry.username === user;

const socket = new Socket({
  url() {
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (user === undefined) url.searchParams.set("username", username());
    if (log.lastId) url.searchParams.set("after", log.lastId);
    return url;
  },
  lastId: () => log.lastId,
  onOpen: () => log.stopLoading(),
  onData: receive,
  onMessage: show,
  onState(state, waiting) {
    const words = { connecting: "connecting…", open: "connected", offline: "offline, reconnecting…" };
    byId("status").dataset.state = state;
    byId("status").textContent = waiting ? `${words[state]} ${waiting} to send` : words[state];
  },
  onRefused: lookForLogin,
  onClosed(code) {
    if (code === SESSION_OVER) loginOver();
    else if (code === MEMBERS_ONLY) location.reload();
    return [SESSION_OVER, MEMBERS_ONLY, ROOM_GONE].includes(code);
  },
});

// Everything the server says.
function receive(data) {
  if (typeof data.message === "string") heard(data);
  else if ("ack" in data) acknowledged(data);
  else if ("error" in data) refused(data);
  else if (data.history) {
    if (data.gap) log.clear();
    log.fill(data.history, isOwn);
    if (typeof data.more === "boolean") log.more = data.more;
  } else if (data.page) log.prepend(data.page, data.more, isOwn);
  else if (data.users) people.set(data.users);
  else if ("joined" in data) people.join(String(data.joined));
  else if ("left" in data) people.leave(String(data.left));
  else if ("typing" in data && data.typing !== username()) people.types(String(data.typing));
  else if ("deleted" in data) log.remove(data.deleted);
  else if ("renamed" in data) renamed(String(data.renamed));
  else if ("closed" in data) closed(String(data.closed));
}

function heard(entry) {
  const mine = entry.client !== undefined && socket.settle(entry.client);
  if (mine) log.dropPending(entry.client);
  people.stops(String(entry.username));
  log.add({ ...entry, username: String(entry.username) }, Boolean(mine) || isOwn(entry));
}

// It is stored, whether or not we hear it.
function acknowledged({ ack, id }) {
  const mine = socket.settle(ack);
  if (!mine) return;
  log.dropPending(ack);
  log.add({ id, message: mine.text, username: username(), guest: user === undefined, at: Date.now() / 1000 }, true);
}

function refused({ error, client }) {
  if (client === undefined || !socket.refuse(client, String(error))) notice(String(error));
}

function show(message) {
  const { id, text, failed } = message;
  const give = () => {
    socket.settle(id);
    log.dropPending(id);
  };
  log.showPending(id, {
    text,
    username: username(),
    state: failed ? "failed" : "sending",
    note: failed ? `Not sent: ${failed}.` : "Sending…",
    actions: failed ? [["Send again", () => socket.again(id)], ["Discard", give]] : [],
  });
}

function renamed(name) {
  document.querySelector("h1").textContent = name;
  log.title = name;
}

function closed(reason) {
  socket.end();
  byId("message-send").disabled = true;
  notice(`The room is closed: ${reason}.`);
}

// A handshake that is refused does not say why. The page itself does: it leads to the login.
async function lookForLogin(attempts) {
  if (members === undefined || attempts < 2) return;
  try {
    const page = await fetch(location.href, { method: "HEAD", redirect: "manual", cache: "no-store" });
    if (page.type === "opaqueredirect") loginOver();
    else if (page.status === 404) closed("it is not there any more");
  } catch {
    // The server is away: the next attempt will tell.
  }
}

function loginOver() {
  socket.end();
  notice("You are logged out. ");
  const link = document.createElement("a");
  link.href = `/login/?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Log in again";
  byId("notice").append(link);
}

// The name as the server will have it.
function username() {
  if (user !== undefined) return user;
  return [...nameInput.value.trim()].slice(0, MAX_NAME).join("").trimEnd() || "guest";
}

function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

byId("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const message = input.value;
  if (!message.trim()) return;
  if (socket.send(message)) {
    input.value = "";
    told = 0;
    notice("");
    log.follow();
  } else {
    notice("Too many messages wait for the connection. This one stays here.");
  }
  input.focus();
});

// Enter sends, Shift+Enter makes a new line; an input method's Enter belongs to the input method.
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("message-form").requestSubmit();
  }
});

let told = 0;
input.addEventListener("input", () => {
  if (!input.value.trim() || Date.now() - told < TYPING_INTERVAL) return;
  if (socket.tell({ typing: true })) told = Date.now();
});

// Storage may be forbidden (private windows, strict settings); then a name lasts as long as the page.
function stored(action) {
  try {
    return action(localStorage);
  } catch {
    return null;
  }
}

let connectedAs;
function rename() {
  stored((storage) => storage.setItem(NAME_KEY, nameInput.value.trim()));
  if (username() === connectedAs) return;
  connectedAs = username();
  socket.connect();
}

if (nameInput) {
  nameInput.value = stored((storage) => storage.getItem(NAME_KEY)) || "";
  nameInput.addEventListener("change", rename);
  nameInput.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // the message's field would get the new line
    input.focus(); // fires `change` if there is one
  });
}

connectedAs = username();
socket.connect();
