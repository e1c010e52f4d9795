// The messages on the page.

const MAX_ENTRIES = 500;
// So close to the end (in pixels), the reader is at the end.
const NEAR = 48;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export class Log {
  #element;
  #latest;
  #title;
  #unseen = 0;
  #following = true;

  constructor(element, latest, title) {
    this.#element = element;
    this.#latest = latest;
    this.#title = title;
    element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    latest.addEventListener("click", () => this.follow());
    document.addEventListener("visibilitychange", () => this.#countUnseen(0));
    // A keyboard that slides in, or a turned phone, must not hide the last message.
    new ResizeObserver(() => this.#following && this.follow()).observe(element);
  }

  add(username, message, own) {
    const entry = document.createElement("div");
    entry.className = own ? "entry own" : "entry";
    const name = text("span", "username", username);
    if (!own) name.style.setProperty("--hue", hue(username));
    const time = text("time", "", clock.format(new Date()));
    entry.append(name, time, text("span", "message", message));

    const follow = this.#following;
    this.#element.append(entry);
    while (this.#element.childElementCount > MAX_ENTRIES) this.#element.firstElementChild.remove();
    if (follow) this.follow();
    else this.#latest.hidden = false;
    if (document.hidden) this.#countUnseen(this.#unseen + 1);
  }

  // Shows the newest message, and stays with it.
  follow() {
    this.#following = true;
    this.#latest.hidden = true;
    this.#element.scrollTop = this.#element.scrollHeight;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#element;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#following) this.#latest.hidden = true;
  }

  #countUnseen(count) {
    this.#unseen = count;
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
  }
}

// textContent, always: what others type must never become markup.
function text(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.dir = "auto"; // a right-to-left name must not turn its neighbours around
  element.textContent = content;
  return element;
}

// One colour per name, the same on every page.
function hue(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}
