// The chat page: shows the conversation, sends what the person says, and keeps both over reloads and lost connections.
"use strict";

const ENTRIES = 200;
const TRY_AGAIN = 3000;
const PATIENCE = 15000;
const [log, form, input, status, notice] = ["log", "form", "text", "status", "notice"].map((id) => document.getElementById(id));
const texts = document.body.dataset;
const page = document.documentElement.lang;
const fresh = () => ({ log: [], queue: [], position: "", draft: "", started: false, cleared: false });

let state = restored();
let source = null; // of replies
let connected = false;
let sending = false;
let waiting = 0; // a timer
let question = { at: 0 };

// --- what this tab remembers: sessionStorage ends with the tab, and no other site can read it

function restored() {
  try {
    return { ...fresh(), ...JSON.parse(sessionStorage.getItem("chat")) };
  } catch {
    return fresh();
  }
}

function save() {
  state.log = state.log.slice(-ENTRIES);
  try {
    sessionStorage.setItem("chat", JSON.stringify(state));
  } catch {} // storage is off or full: the chat works all the same, until the tab is reloaded
}

// --- what the person says

function say(title, message, language = "") {
  const id = newId();
  // Into the queue before anything else: from here on it survives a reload, and its id makes a second sending harmless.
  state.queue.push({ id, language: page, ...message });
  if (title) {
    state.log.push({ id, said: title, language });
    question = { article: show(state.log.at(-1)), at: Date.now() };
    question.article.scrollIntoView();
  }
  save();
  if (source?.readyState === EventSource.CLOSED) connect();
  flush();
}

async function flush() {
  if (sending || !connected) return notice.textContent && markUnsent();
  sending = true;
  let answer = 202;
  while (state.queue.length && settled(answer)) {
    const { id } = state.queue[0];
    wait(); // before it is sent: the answer may overtake the confirmation
    answer = await post(state.queue[0]);
    if (settled(answer)) {
      state.queue = state.queue.filter((message) => message.id !== id);
      save();
      mark(id, answer === 202 ? "" : texts.failed);
    }
  }
  sending = false;
  if (settled(answer)) return;
  stopWaiting();
  markUnsent();
  if (answer === 403) connect(); // the cookie is gone: this fetches a new one
  setTimeout(flush, TRY_AGAIN);
}

// Taken, or so wrong that it would be no better the next time.
const settled = (answer) => answer === 202 || [400, 413, 415].includes(answer);

async function post(message) {
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) };
  return fetch("/messages", { ...request, signal: AbortSignal.timeout(PATIENCE) }).then(({ status }) => status, () => 0);
}

// Not crypto.randomUUID(): it is missing where the page is tried out without https.
function newId() {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}

function mark(id, text) {
  document.querySelector(`#m${id} .mark`)?.replaceChildren(text);
}

function markUnsent() {
  state.queue.forEach(({ id }) => mark(id, texts.unsent));
}

// --- what comes back

async function connect() {
  source?.close();
  connected = false;
  const opening = (source = { close() {} });
  // Whoever followed a link from another site came without a cookie; this request is our own and brings the old one, or a new one.
  await fetch("/", { method: "HEAD", signal: AbortSignal.timeout(PATIENCE) }).catch(() => {});
  if (source !== opening) return;
  const stream = (source = new EventSource("/replies" + (state.position && "?after=" + encodeURIComponent(state.position))));
  stream.addEventListener("connected", (event) => {
    state.position = event.lastEventId;
    save();
    connected = true;
    tell(notice.textContent && texts.restored);
    flush();
  });
  stream.addEventListener("message", (event) => {
    state.position = event.lastEventId;
    const reply = JSON.parse(event.data);
    if (reply.clears && !state.cleared) empty(); // in every open tab, and also if it was asked for in words
    state.cleared &&= !reply.clears;
    state.log.push({ reply });
    save();
    stopWaiting();
    const article = show(state.log.at(-1));
    // The question stays in sight above its answer, however long that is.
    if (log.children.length > 1) (Date.now() - question.at < PATIENCE ? question.article : article).scrollIntoView();
  });
  // Another tab took this one's place; it comes back when somebody looks at it.
  stream.addEventListener("replaced", () => {
    connected = false;
    stream.close();
  });
  stream.addEventListener("error", () => {
    connected = false;
    tell(texts.lost);
    stopWaiting();
    markUnsent();
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => source === stream && connect(), TRY_AGAIN);
  });
}

function tell(text) {
  notice.textContent = text;
  if (text === texts.restored) setTimeout(() => notice.textContent === text && tell(""), 5000);
}

// Said only if the answer takes a moment, and not for ever: a consultant may be the one who writes next.
function wait() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    status.textContent = texts.waiting;
    waiting = setTimeout(stopWaiting, 2 * PATIENCE);
  }, 700);
}

function stopWaiting() {
  clearTimeout(waiting);
  status.textContent = "";
}

// --- how it looks

function show(entry) {
  const article = entry.reply ? replied(entry.reply) : said(entry);
  log.append(article);
  return article;
}

function said({ id, said, language }) {
  const mark = element("small", { className: "mark", lang: page });
  return element("article", { className: "me", id: "m" + id, lang: language }, heading(texts.you), said, mark);
}

function replied({ text, language, buttons, contact }) {
  const card = element("div", { className: "card" }, ...(contact ? contactCard(contact) : blocks(text)));
  const choices = buttons.map(({ title, payload }) => {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => (payload === "/clear" ? clear() : say(title, { payload }, language)));
    return button;
  });
  const group = element("div", { className: "choices", role: "group", ariaLabel: texts.choices }, ...choices);
  const parts = choices.length ? [card, group] : [card];
  return element("article", { className: "bot", lang: language }, heading(texts.assistant), ...parts);
}

const heading = (text) => element("h2", { className: "unseen", lang: page }, text);

function contactCard({ name, organisation, phone, email, url, vcard }) {
  const href = "data:text/vcard;charset=utf-8," + encodeURIComponent(vcard);
  return [
    element("p", {}, element("strong", {}, name), "\n", organisation),
    ...[phone, email, url].map((way) => element("p", { className: "reach" }, ...linked(way))),
    element("a", { className: "save", href, download: "iom-krakow.vcf", lang: page }, texts.save),
  ];
}

// Paragraphs, and lists where the lines are marked as such.
function blocks(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const [, bullet, start, item] = /^\s*(?:([-•*–])|(\d{1,2})[.)])\s+(.+)/.exec(line) ?? [];
    const tag = bullet ? "ul" : start ? "ol" : line.trim() && "p";
    if (found.at(-1)?.tag !== tag) found.push({ tag, start, lines: [] });
    found.at(-1).lines.push(item ?? line);
  }
  const nodes = ({ tag, lines }) => (tag === "p" ? linked(lines.join("\n")) : lines.map((line) => element("li", {}, ...linked(line))));
  return found.filter(({ tag }) => tag).map((block) => element(block.tag, block.start ? { start: block.start } : {}, ...nodes(block)));
}

const LINK = new RegExp(
  [
    /https:\/\/[^\s<>"]*[^\s<>".,;:!?)\]”»]/, // a full stop behind an address is not part of it
    /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/,
    /\+48(?:[ \u00a0-]?\d){9}\b|\+\d(?:[ \u00a0-]?\d){7,14}\b|\b800(?:[ \u00a0-]?\d){6}\b/,
    /\b116[ \u00a0]?\d{3}\b|\b(?:112|997|998|999)\b/,
  ].map(({ source }) => source).join("|"),
  "g",
);
const BEFORE_NO_PHONE = /(?:art\.?|ст\.?|poz\.|§|\d[.,])\s*$/i; // as in "art. 112"
const AFTER_NO_PHONE = /^(?:[.,]\d|\s?(?:zł|PLN|EUR|%))/i;

// Text with its links as nodes; the text itself never becomes markup.
function linked(text) {
  const nodes = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const after = index + found.length;
    if (found.length === 3 && (BEFORE_NO_PHONE.test(text.slice(0, index)) || AFTER_NO_PHONE.test(text.slice(after)))) continue;
    nodes.push(text.slice(end, index), link(found));
    end = after;
  }
  return [...nodes, text.slice(end)];
}

function link(text) {
  if (text.startsWith("https:")) return element("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text);
  return element("a", { href: text.includes("@") ? "mailto:" + text : "tel:" + text.replace(/[^\d+]/g, "") }, text);
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// --- what the person does

function write(text) {
  input.value = state.draft = text;
  input.style.height = "auto";
  input.style.height = input.scrollHeight + 2 + "px";
  save();
}

input.addEventListener("input", () => write(input.value));

input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  write("");
  if (text) say(text, { text });
});

for (const anchor of document.querySelectorAll("nav a")) {
  anchor.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || anchor.lang === page) return;
    // If this page does not get to sending it, the one in the other language does.
    say(anchor.textContent, { payload: `/change_language{"language":"${anchor.lang}"}`, language: anchor.lang }, anchor.lang);
  });
}

// At once, whether or not there is a connection; what was not sent yet never will be.
function clear() {
  sessionStorage.removeItem("chat");
  state = { ...fresh(), started: true, cleared: true, position: state.position };
  empty();
  write("");
  say("", { payload: "/clear" });
}

function empty() {
  state.log = [];
  question = { at: 0 };
  log.replaceChildren();
}

document.getElementById("clear").addEventListener("click", clear);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && source?.readyState === EventSource.CLOSED) connect();
});

// What was said before is not read out again.
log.setAttribute("aria-busy", "true");
state.log.forEach(show);
log.removeAttribute("aria-busy");
if (state.log.length > 1) log.lastChild.scrollIntoView({ behavior: "instant" });
write(state.draft);
if (!state.started) {
  state.started = true;
  say("", { payload: "/start" });
}
connect();
