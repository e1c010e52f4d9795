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
const DRAFT_KEY = `draft ${location.pathname}`;
const { room, user, socket: path, members, maxLength } = document.body.dataset;
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
    const words = { connecting: "connecting…", open: "connected", offline: "offline, reconnecting…", over: "not connected" };
    byId("status").dataset.state = state;
    byId("status").textContent = waiting ? `${words[state]} ${waiting} to send` : words[state];
  },
  onRefused: lookForLogin,
  onClosed(code) {
    if (code === SESSION_OVER) loginOver();
    else if (code === MEMBERS_ONLY) membersOnly();
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
    log.fill(data.history, isOwn, data.since);
    if (typeof data.more === "boolean") log.more = data.more;
  } else if (data.page) log.prepend(data.page, data.more, isOwn);
  else if (data.users) people.set(data.users);
  else if ("joined" in data) people.join(String(data.joined));
  else if ("left" in data) people.leave(String(data.left));
  else if ("typing" in data && data.typing !== shown(username(), user === undefined)) people.types(String(data.typing));
  else if ("deleted" in data) log.remove(data.deleted);
  else if ("renamed" in data) renamed(String(data.renamed));
  else if ("closed" in data) closed(String(data.closed));
}

function heard(entry) {
  const mine = entry.client !== undefined && socket.settle(entry.client);
  if (mine) log.dropPending(entry.client);
  people.stops(shown(entry.username, entry.guest));
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
  const again = socket.isOver ? [] : [["Send again", () => socket.again(id)]];
  const giveUp = () => {
    socket.settle(id);
    log.dropPending(id);
    input.focus();
  };
  const edit = () => {
    input.value = input.value.trim() ? `${text}\n${input.value}` : text;
    keepDraft();
    giveUp();
  };
  log.showPending(id, {
    text,
    username: username(),
    state: failed ? "failed" : "sending",
    note: failed ? `Not sent: ${failed}.` : "Sending…",
    actions: failed ? [...again, ["Edit", edit], ["Discard", giveUp]] : [],
  });
}

function renamed(name) {
  document.querySelector("h1").textContent = name;
  log.title = name;
}

// The close code tells whether there is a way back.
function closed(reason) {
  byId("message-send").disabled = true;
  notice(`The room is closed: ${reason}.`);
}

// A handshake that is refused does not say why. The page itself does: it leads to the login, or to the other kind of room.
async function lookForLogin(attempts) {
  if (attempts < 2 || !navigator.onLine) return;
  try {
    const page = await fetch(location.href, { method: "HEAD", redirect: "manual", cache: "no-store" });
    const over = page.type === "opaqueredirect" || page.status === 404;
    if (!over) return;
    socket.end();
    if (page.status === 404) closed("it is not there any more");
    else if (members === undefined) membersOnly();
    else loginOver();
  } catch {
    // The server is away: the next attempt will tell.
  }
}

function loginOver() {
  const back = encodeURIComponent(location.pathname);
  notice("You are logged out. ", { href: `/login/?next=${back}`, words: "Log in again" });
}

function membersOnly() {
  closed("it is for people with accounts now");
  byId("notice").append(" ", link({ href: `/rooms/${room}/`, words: "Enter with an account" }));
}

// The name as the server will have it.
function username() {
  if (user !== undefined) return user;
  return [...nameInput.value.trim()].slice(0, MAX_NAME).join("").trimEnd() || "guest";
}

// The name in lists of people.
function shown(name, guest) {
  return guest ? `${name} (guest)` : String(name);
}

function notice(text, way) {
  byId("notice").textContent = text;
  if (way) byId("notice").append(link(way));
  byId("notice").hidden = !text;
}

function link({ href, words }) {
  const element = document.createElement("a");
  element.href = href;
  element.textContent = words;
  return element;
}

byId("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const message = input.value;
  if (!message.trim() || socket.isOver) return;
  const length = [...message].length;
  if (maxLength && length > maxLength) {
    notice(`A message has at most ${maxLength} characters. This one has ${length}.`);
  } else if (socket.send(message)) {
    input.value = "";
    keepDraft();
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
  keepDraft();
  if (!input.value.trim() || Date.now() - told < TYPING_INTERVAL) return;
  if (socket.tell({ typing: true })) told = Date.now();
});

// Storage may be forbidden (private windows, strict settings); then what is kept lasts as long as the page.
function stored(action) {
  try {
    return action(window);
  } catch {
    return null;
  }
}

// A reload, or the way through the login, does not cost what is being written.
function keepDraft() {
  stored(({ sessionStorage }) => sessionStorage.setItem(DRAFT_KEY, input.value));
}

// What was sent and did not arrive would be gone with the page.
addEventListener("beforeunload", (event) => {
  if (socket.waiting) event.preventDefault();
});

let connectedAs;
function rename() {
  stored(({ localStorage }) => localStorage.setItem(NAME_KEY, nameInput.value.trim()));
  if (username() === connectedAs) return;
  connectedAs = username();
  socket.connect();
}

if (nameInput) {
  nameInput.value = stored(({ localStorage }) => localStorage.getItem(NAME_KEY)) || "";
  nameInput.addEventListener("change", rename);
  nameInput.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // the message's field would get the new line
    input.focus(); // fires `change` if there is one
  });
}

connectedAs = username();
input.value ||= stored(({ sessionStorage }) => sessionStorage.getItem(DRAFT_KEY)) || "";
socket.connect();
