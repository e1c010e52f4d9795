// A WebSocket that comes back by itself, and messages that stay until the server has them.

const FIRST_DELAY = 500;
const MAX_DELAY = 30_000;
// A connection that lived so long was a good one: the next attempt may come soon.
const SETTLED = 5_000;
const MAX_WAITING = 100;
// A connection that has not told what was said before by then will not.
const OPEN_TIMEOUT = 20_000;
// Without an answer for so long the connection is taken for dead, which a browser may not notice for minutes...
const ANSWER_TIMEOUT = 12_000;
// ...and a message that went out so often needs its sender's decision.
const ATTEMPTS = 3;

export class Socket {
  #options;
  #socket = null;
  #retry;
  #opening;
  #delay = FIRST_DELAY;
  #ended = false;
  #refused = 0;
  #ready = false;
  #messages = new Map(); // by id, in the order they were typed: { id, text, sent, after, attempts, failed, timer }

  // options: url(), lastId(), onOpen(), onData(object), onState("connecting" | "open" | "offline" | "over", messages waiting),
  // onMessage(message) when its state changed, onRefused(attempts in a row that never opened), onClosed(code): true ends it
  constructor(options) {
    this.#options = options;
    const soon = () => {
      if (!document.hidden && this.#retry !== undefined) this.connect();
    };
    addEventListener("online", soon);
    addEventListener("pageshow", soon);
    document.addEventListener("visibilitychange", soon);
    // A dead network is not noticed by the socket for minutes.
    addEventListener("offline", () => this.#socket && this.#lost(this.#socket));
    // A page that the browser keeps for the way back must not look like somebody who is here.
    addEventListener("pagehide", () => this.#socket && this.#lost(this.#socket));
  }

  // Whether messages can go out: the connection is there, and so is what was said before. Which message we knew last is
  // what one is found again by, if its answer gets lost.
  get isOpen() {
    return this.#ready && this.#socket?.readyState === WebSocket.OPEN;
  }

  // Messages the server does not have.
  get waiting() {
    return this.#messages.size;
  }

  // Opens a connection, in place of the one there is.
  connect() {
    if (this.#ended) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const old = this.#socket;
    const socket = new WebSocket(this.#options.url());
    let opened;
    this.#socket = socket;
    this.#ready = false;
    this.#state("connecting");
    clearTimeout(this.#opening);
    this.#opening = setTimeout(() => this.#lost(socket), OPEN_TIMEOUT);
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      opened = Date.now();
      this.#refused = 0;
      this.#options.onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const content = JSON.parse(data);
      this.#options.onData(content);
      if (content.history && !this.#ready) this.#begin();
    };
    socket.onclose = ({ code }) => {
      if (opened && Date.now() - opened > SETTLED) this.#delay = FIRST_DELAY;
      if (socket === this.#socket && opened && this.#options.onClosed(code)) this.end();
      if (socket === this.#socket && !opened) this.#options.onRefused(++this.#refused);
      this.#lost(socket);
    };
    old?.close(1000);
  }

  // Nothing more comes of it.
  end() {
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#socket?.close(1000);
    for (const message of this.#messages.values()) this.#fail(message, "the connection is over");
    this.#state(this.#current());
  }

  get isOver() {
    return this.#ended;
  }

  // Sends a text, now or with the next connection; false if too many wait already.
  send(text) {
    if (this.#messages.size >= MAX_WAITING) return false;
    const message = { id: newId(), text, sent: false, after: 0, attempts: 0, failed: false };
    this.#messages.set(message.id, message);
    if (this.isOpen) this.#transmit(message);
    else this.#state(this.#current());
    this.#options.onMessage(message);
    return true;
  }

  // What is no message, or only worth something now; returns whether it went.
  tell(content) {
    if (this.isOpen) this.#socket.send(JSON.stringify(content));
    return this.isOpen;
  }

  // The server has the message: it is not ours to keep any more. Returns it, if it was.
  settle(id) {
    const message = this.#messages.get(id);
    clearTimeout(message?.timer);
    this.#messages.delete(id);
    if (message) this.#state(this.#current());
    return message;
  }

  // The server does not want it. Nothing was stored: sent again, it is a new message.
  refuse(id, reason) {
    const message = this.#messages.get(id);
    if (!message) return false;
    message.sent = false;
    message.attempts = 0;
    this.#fail(message, reason);
    return true;
  }

  // Sends a message again that failed.
  again(id) {
    const message = this.#messages.get(id);
    if (!message?.failed) return;
    message.failed = false;
    message.attempts = 0;
    if (this.isOpen) this.#transmit(message);
    this.#options.onMessage(message);
    this.#state(this.#current());
  }

  // The server has told what was said before: now it may hear what waits.
  #begin() {
    this.#ready = true;
    clearTimeout(this.#opening);
    for (const message of this.#messages.values()) if (!message.failed) this.#transmit(message);
    this.#state("open");
  }

  #transmit(message) {
    const content = { message: message.text, id: message.id };
    if (message.sent) {
      // It may have arrived: the server looks behind the message that we knew when it was sent first.
      Object.assign(content, { again: true, after: message.after });
    } else {
      message.sent = true;
      message.after = this.#options.lastId();
    }
    this.#socket.send(JSON.stringify(content));
    message.attempts += 1;
    clearTimeout(message.timer);
    message.timer = setTimeout(() => this.#unanswered(message), ANSWER_TIMEOUT);
  }

  #unanswered(message) {
    if (message.attempts >= ATTEMPTS) this.#fail(message, "no answer");
    if (this.#socket) this.#lost(this.#socket);
  }

  #fail(message, reason) {
    clearTimeout(message.timer);
    message.failed = reason;
    this.#options.onMessage(message);
    this.#state(this.#current());
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#ready = false;
    clearTimeout(this.#opening);
    for (const message of this.#messages.values()) clearTimeout(message.timer);
    socket.close();
    this.#state(this.#current());
    if (this.#ended) return;
    // Half of the delay is random, or all browsers would come back at the same moment.
    this.#retry = setTimeout(() => this.connect(), this.#delay * (0.5 + Math.random() / 2));
    this.#delay = Math.min(this.#delay * 2, MAX_DELAY);
  }

  #current() {
    if (this.#ended) return "over";
    if (this.isOpen) return "open";
    return this.#socket ? "connecting" : "offline";
  }

  #state(state) {
    const waiting = [...this.#messages.values()].filter((message) => !message.failed && (state !== "open" || !message.sent));
    this.#options.onState(state, waiting.length);
  }
}

// No two windows choose the same. (crypto.randomUUID is there on https pages only.)
function newId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}
