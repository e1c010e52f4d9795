// Who is in the room, who comes and goes, and who is typing. Guests are marked in their names: no user's name has a blank.

const TYPING_FOR = 4_000;
const NEWS_FOR = 4_000;

export class People {
  #element;
  #count;
  #list;
  #typing;
  #news = "";
  #newsTimer;
  #names = new Set();
  #typists = new Map(); // name to timer

  constructor({ element, count, list, typing }) {
    this.#element = element;
    this.#count = count;
    this.#list = list;
    this.#typing = typing;
  }

  set(names) {
    this.#names = new Set(names.map(String));
    this.#show();
  }

  join(name) {
    if (!this.#names.has(name)) this.#tell(`${name} came in`);
    this.#names.add(name);
    this.#show();
  }

  leave(name) {
    this.#names.delete(name);
    this.#tell(`${name} left`);
    this.stops(name);
    this.#show();
  }

  types(name) {
    clearTimeout(this.#typists.get(name));
    this.#typists.set(name, setTimeout(() => this.stops(name), TYPING_FOR));
    this.#showTyping();
  }

  // They said what they typed, or left, or stopped.
  stops(name) {
    clearTimeout(this.#typists.get(name));
    this.#typists.delete(name);
    this.#showTyping();
  }

  #show() {
    this.#element.hidden = this.#names.size === 0;
    this.#count.textContent = `${this.#names.size} here`;
    const names = [...this.#names].sort((a, b) => a.localeCompare(b));
    this.#list.replaceChildren(...names.map(item));
  }

  // For a moment, where it is shown who is typing.
  #tell(news) {
    this.#news = news;
    clearTimeout(this.#newsTimer);
    this.#newsTimer = setTimeout(() => this.#tell(""), NEWS_FOR);
    this.#showTyping();
  }

  #showTyping() {
    const names = [...this.#typists.keys()];
    const [first, second] = names;
    this.#typing.textContent =
      names.length === 0 ? this.#news :
      names.length === 1 ? `${first} is typing…` :
      names.length === 2 ? `${first} and ${second} are typing…` : "Several people are typing…";
  }
}

function item(name) {
  const element = document.createElement("li");
  element.dir = "auto";
  element.textContent = name;
  return element;
}
