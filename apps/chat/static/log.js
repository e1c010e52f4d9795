// The messages on the page: those that were said, by their ids, and behind them our own that are on their way.

const MAX_ENTRIES = 500;
// So close to the end (in pixels), the reader is at the end; so close to the beginning, older messages are fetched.
const NEAR = 48;
const EARLY = 200;

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Log {
  #element;
  #earlier = button("earlier", "Earlier messages");
  #said = document.createElement("div");
  #unsent = document.createElement("div");
  #latest;
  #title;
  #onEarlier;
  #entries = new Map(); // by id
  #pending = new Map(); // by our own ids
  #unseen = 0;
  #following = true;
  #more = false;
  #loading = false;

  // onEarlier(id) fetches what was said before that message, and returns whether it can.
  constructor(element, latest, title, onEarlier) {
    this.#element = element;
    this.#latest = latest;
    this.#title = title;
    this.#onEarlier = onEarlier;
    this.#said.className = "said";
    this.#unsent.className = "unsent";
    this.#earlier.hidden = true;
    element.append(this.#earlier, this.#said, this.#unsent);
    this.#earlier.addEventListener("click", () => this.#fetchEarlier());
    element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    latest.addEventListener("click", () => this.follow());
    document.addEventListener("visibilitychange", () => this.#countUnseen(0));
    // A keyboard that slides in, or a turned phone, must not hide the last message.
    new ResizeObserver(() => this.#following && this.follow()).observe(element);
  }

  set title(title) {
    this.#title = title;
    this.#countUnseen(this.#unseen);
  }

  // The newest message that is known; 0 if none is.
  get lastId() {
    let last = 0;
    for (const id of this.#entries.keys()) last = Math.max(last, id);
    return last;
  }

  // entry: { message, username, guest, id, at }. One that is there already is not added again.
  add(entry, own) {
    if (!this.#insert(entry, own)) return;
    while (this.#following && this.#said.childElementCount > MAX_ENTRIES) {
      const first = this.#said.firstElementChild;
      if (first.dataset.id) this.#entries.delete(Number(first.dataset.id));
      first.remove();
      this.#hasMore(true);
    }
    this.#grown();
    if (document.hidden) this.#countUnseen(this.#unseen + 1);
  }

  // What was said before we came, or while we were away: not read aloud, either. Where it is all there is behind a
  // message, what we have and it has not was deleted meanwhile.
  fill(entries, isOwn, since = Infinity) {
    let more = false;
    const ids = new Set(entries.map((entry) => entry.id));
    for (const id of this.#entries.keys()) if (id > since && !ids.has(id)) this.remove(id);
    this.#silently(() => {
      for (const entry of entries) more = this.#insert(entry, isOwn(entry)) || more;
    });
    if (more || this.#following) this.#grown();
  }

  // An answer to onEarlier. The reader stays where they are, and a screen reader does not read it all aloud.
  prepend(entries, more, isOwn) {
    const { scrollHeight, scrollTop } = this.#element;
    this.#silently(() => {
      for (const entry of entries) this.#insert(entry, isOwn(entry));
      this.#hasMore(more && entries.length > 0);
    });
    this.#element.scrollTop = scrollTop + this.#element.scrollHeight - scrollHeight;
    this.stopLoading();
  }

  // Whether there is anything before the first message.
  set more(more) {
    this.#hasMore(more);
  }

  stopLoading() {
    this.#loading = false;
    this.#earlier.disabled = false;
  }

  remove(id) {
    this.#entries.get(id)?.remove();
    this.#entries.delete(id);
  }

  clear() {
    this.#entries.clear();
    this.#said.replaceChildren();
  }

  // Our own message, before anybody heard it. state: "sending" or "failed"; actions: texts and what they do.
  showPending(id, { text: message, username, state, note, actions = [] }) {
    let element = this.#pending.get(id);
    if (!element) {
      element = build({ message, username, at: Date.now() / 1000 }, true);
      element.append(text("p", "note", ""));
      this.#pending.set(id, element);
      this.#unsent.append(element);
    }
    element.dataset.state = state;
    const line = element.querySelector(".note");
    line.textContent = note;
    for (const [words, action] of actions) {
      const choice = button("plain", words);
      choice.addEventListener("click", action);
      line.append(" ", choice);
    }
    this.#grown();
  }

  dropPending(id) {
    this.#pending.get(id)?.remove();
    this.#pending.delete(id);
  }

  // Shows the newest message, and stays with it.
  follow() {
    this.#following = true;
    this.#latest.hidden = true;
    this.#element.scrollTop = this.#element.scrollHeight;
  }

  // A screen reader does not read what happens.
  #silently(happens) {
    this.#element.setAttribute("aria-busy", "true");
    happens();
    requestAnimationFrame(() => this.#element.removeAttribute("aria-busy"));
  }

  #insert(entry, own) {
    const id = Number.isSafeInteger(entry.id) ? entry.id : null;
    if (id !== null && this.#entries.has(id)) return false;
    const element = build(entry, own);
    // Two servers may tell of two messages in another order than that of their ids.
    let before = null;
    if (id !== null) {
      element.dataset.id = id;
      this.#entries.set(id, element);
      for (let other = this.#said.lastElementChild; other; other = other.previousElementSibling) {
        if (other.dataset.id && Number(other.dataset.id) < id) break;
        if (other.dataset.id) before = other;
      }
    }
    this.#said.insertBefore(element, before);
    return true;
  }

  #grown() {
    if (this.#following) this.follow();
    else this.#latest.hidden = false;
  }

  #hasMore(more) {
    this.#more = more;
    this.#earlier.hidden = !more;
  }

  #fetchEarlier() {
    const first = this.#said.querySelector("[data-id]");
    if (!this.#more || this.#loading || !first || !this.#onEarlier(Number(first.dataset.id))) return;
    this.#loading = true;
    this.#earlier.disabled = true;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#element;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#following) this.#latest.hidden = true;
    else if (scrollTop < EARLY) this.#fetchEarlier();
  }

  #countUnseen(count) {
    this.#unseen = count;
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
  }
}

function build({ message, username, guest, at }, own) {
  const entry = document.createElement("div");
  entry.className = own ? "entry own" : "entry";
  const name = text("span", "username", username);
  if (!own) name.style.setProperty("--hue", hue(username));
  const when = new Date(Number.isFinite(at) ? at * 1000 : Date.now());
  const today = when.toDateString() === new Date().toDateString();
  const stamp = text("time", "", (today ? time : day).format(when));
  stamp.dateTime = when.toISOString();
  entry.append(name, stamp, text("span", "message", message));
  // Not part of the name, which anybody may choose.
  if (guest) name.after(text("span", "guest", "guest"));
  return entry;
}

// textContent, always: what others type must never become markup.
function text(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.dir = "auto"; // a right-to-left name must not turn its neighbours around
  element.textContent = content;
  return element;
}

function button(className, words) {
  const element = text("button", className, words);
  element.type = "button";
  return element;
}

// One colour per name, the same on every page.
function hue(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}
