// A WebSocket that comes back by itself, and keeps what could not be sent yet.

const FIRST_DELAY = 500;
const MAX_DELAY = 30_000;
// A connection that lived so long was a good one: the next attempt may come soon.
const SETTLED = 5_000;
const MAX_WAITING = 100;
// A sent message whose echo has not come within this time was lost for another reason than its
// connection; it is not sent again with the next one.
const ECHO_TIMEOUT = 60_000;

export class Socket {
  #options;
  #socket = null;
  #retry;
  #delay = FIRST_DELAY;
  #waiting = []; // { text, again }: for the next connection
  #unechoed = []; // { text, again, at }: sent, and not yet seen in the room

  // options: url(), onMessage(object), onState("connecting" | "open" | "offline", texts waiting)
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
  }

  // Opens a connection, in place of the one there is.
  connect() {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const old = this.#socket;
    const socket = new WebSocket(this.#options.url());
    let opened;
    this.#socket = socket;
    this.#state("connecting");
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      opened = Date.now();
      for (const waiting of this.#waiting.splice(0)) this.#transmit(waiting);
      this.#state("open");
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#options.onMessage(JSON.parse(data));
    };
    socket.onclose = () => {
      if (opened && Date.now() - opened > SETTLED) this.#delay = FIRST_DELAY;
      this.#lost(socket);
    };
    if (old) {
      // What it has sent arrives before its close does: nothing to repeat.
      this.#unechoed = [];
      old.close(1000);
    }
  }

  // Sends a text, now or with the next connection; false if too many wait already.
  send(text) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#transmit({ text, again: false });
    } else if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push({ text, again: false });
      this.#state(this.#socket ? "connecting" : "offline");
    } else {
      return false;
    }
    return true;
  }

  // Whether a message of ours comes back with this text. They come in the order they were sent in.
  isEcho(text) {
    const at = this.#unechoed.findIndex((sent) => sent.text === text);
    this.#unechoed.splice(0, at + 1);
    return at >= 0;
  }

  // The server refused the oldest message.
  forgetOldest() {
    this.#unechoed.shift();
  }

  #transmit({ text, again }) {
    this.#socket.send(JSON.stringify({ message: text }));
    this.#unechoed.push({ text, again, at: Date.now() });
    if (this.#unechoed.length > MAX_WAITING) this.#unechoed.shift();
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    // Better said twice than never, but not for ever: each text gets one more connection.
    const oldest = Date.now() - ECHO_TIMEOUT;
    const repeat = this.#unechoed.filter((sent) => !sent.again && sent.at > oldest);
    this.#waiting.unshift(...repeat.map(({ text }) => ({ text, again: true })));
    this.#unechoed = [];
    socket.close();
    this.#state("offline");
    // Half of the delay is random, or all browsers would come back at the same moment.
    this.#retry = setTimeout(() => this.connect(), this.#delay * (0.5 + Math.random() / 2));
    this.#delay = Math.min(this.#delay * 2, MAX_DELAY);
  }

  #state(state) {
    this.#options.onState(state, this.#waiting.length);
  }
}
