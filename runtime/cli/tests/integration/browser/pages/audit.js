// What is wrong with the page that is open, one line each: the body of a function that a test runs in it.

const problems = [];
const name = (e) => `${e.tagName.toLowerCase()}${e.id && "#" + e.id}.${e.className} ${e.textContent.trim().slice(0, 30)}`;
const all = [...document.body.querySelectorAll("*")].filter((e) =>
    e.checkVisibility({ visibilityProperty: true }) && !e.closest(".visually-hidden, noscript"));

const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const pixel = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
};
const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const ground = (e) => {
    for (; e; e = e.parentElement) {
        const found = pixel(getComputedStyle(e).backgroundColor);
        if (found[3] === 255) return found;
    }
    return pixel("canvas");
};
for (const e of all) {
    const text = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!text && !e.matches("input, textarea")) continue;
    const [a, b] = [light(pixel(getComputedStyle(e).color)), light(ground(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(1)}: ${name(e)}`);
}
for (const e of all) {
    const box = e.getBoundingClientRect();
    if (box.right > innerWidth + 1 || box.left < -1) problems.push(`beyond the edge: ${name(e)}`);
    if (e.matches("button, summary, input, textarea") && box.height < 24) problems.push(`too small: ${name(e)}`);
}
if (document.documentElement.scrollWidth > innerWidth) problems.push("scrolls sideways");
for (const e of all) {
    if (!e.matches("a, button, summary, input, textarea")) continue;
    const words = e.matches("input, textarea") ? [...e.labels].map((l) => l.textContent).join("") : e.textContent;
    const alt = e.querySelector("img")?.alt ?? "";
    if (!(e.ariaLabel ?? "").trim() && !words.trim() && !alt) problems.push(`without a name: ${name(e)}`);
}
const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`twice: #${id}`);
for (const e of document.querySelectorAll("[aria-describedby]")) {
    for (const id of e.getAttribute("aria-describedby").split(" ")) {
        if (!document.getElementById(id)) problems.push(`described by nothing: ${name(e)}`);
    }
}
if (document.querySelectorAll("h1").length !== 1) problems.push("not one h1");
if (document.querySelectorAll("main").length !== 1) problems.push("not one main");
if (!document.documentElement.lang || !document.title) problems.push("without language or title");
return problems;
