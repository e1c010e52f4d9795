// A room's page: wires the socket, the log and the form together.

import { Log } from "./log.js";
import { Socket } from "./socket.js";

const MAX_NAME = 32;
const NAME_KEY = "username";

const byId = (id) => document.getElementById(id);
const room = document.body.dataset.room;
const input = byId("message-input");
const nameInput = byId("username-input");

const log = new Log(byId("log"), byId("latest"), room);

const socket = new Socket({
  url() {
    const url = new URL(`/ws/chat/${room}/`, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("username", username());
    return url;
  },
  onMessage({ message, username: from, error }) {
    if (error !== undefined) {
      socket.forgetOldest();
      notice(String(error));
    } else if (typeof message === "string") {
      const own = from === username() && socket.isEcho(message);
      log.add(String(from), message, own);
    }
  },
  onState(state, waiting) {
    const words = { connecting: "connecting…", open: "connected", offline: "offline, reconnecting…" };
    byId("status").dataset.state = state;
    byId("status").textContent = waiting ? `${words[state]} ${waiting} to send` : words[state];
  },
});

// The name as the server will have it.
function username() {
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

nameInput.value = stored((storage) => storage.getItem(NAME_KEY)) || "";
nameInput.addEventListener("change", rename);
nameInput.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault(); // the message's field would get the new line
  input.focus(); // fires `change` if there is one
});

connectedAs = username();
socket.connect();
