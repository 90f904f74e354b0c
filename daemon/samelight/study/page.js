"use strict";
// A blind study of pairs. Everything happens in this page: nothing is fetched but the pictures beside it.

const study = JSON.parse(document.getElementById("study").textContent);
const byId = (id) => document.getElementById(id);
const screens = ["welcome", "trial", "paused", "end"];
const BLANK = 250; // milliseconds of empty surround between pairs: an after-image of one would tint the next

let code = null; // the participant's
let pairs = []; // [id, left picture, right picture, outline or null]
let answers = []; // {pair, choice, seconds}
let started = null;
let shownAt = 0;
let ready = false; // both pictures of the pair are seen, so an answer can be given
let turn = 0; // counts the pairs shown, so that a picture that comes late finds out that it is not wanted any more

function show(name) {
  for (const screen of screens) byId(screen).hidden = screen !== name;
}

// ---- what is kept between visits ----

const place = () => `samelight-study-${study.study}-${code}`;
let remembers = true;

function keep() {
  try {
    localStorage.setItem(place(), JSON.stringify({ started, answers }));
  } catch {
    remembers = false; // a private window, or storage forbidden: the study goes on, but not after closing the page
  }
}

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(place()));
    const fits = kept && kept.answers.every((answer, index) => index < pairs.length && answer.pair === pairs[index][0]);
    return fits ? kept : { started: null, answers: [] };
  } catch {
    return { started: null, answers: [] };
  }
}

// ---- the answers' file ----

// The same check value as samelight.study.key.seal.
function seal(secret) {
  const text = [secret, study.study, code, ...answers.map((answer) => `${answer.pair}=${answer.choice}`)].join("|");
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) value = ((value ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return value.toString(16).padStart(16, "0");
}

const fileName = () => `answers-${study.study}-${code}.json`;

function save() {
  const content = {
    format: "samelight-study-answers",
    version: 1,
    study: study.study,
    participant: code,
    started,
    saved: new Date().toISOString(),
    window: `${innerWidth} x ${innerHeight} at ${devicePixelRatio}`,
    answers,
    seal: seal(study.participants[code].secret),
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
  link.download = fileName();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// ---- the pairs ----

const source = (file) => `pictures/${file}`;

async function showPair() {
  const mine = ++turn;
  ready = false;
  byId("picture-problem").textContent = "";
  updateProgress();
  if (answers.length === pairs.length) return finish();
  show("trial");
  const [, left, right, outline] = pairs[answers.length];
  byId("pair").classList.add("waiting");
  for (const side of ["left", "right"]) byId(side).classList.remove("chosen");
  byId("left-picture").src = source(left);
  byId("right-picture").src = source(right);
  for (const image of document.querySelectorAll(".outline")) {
    image.hidden = true;
    if (outline) image.src = source(outline);
  }
  byId("where").hidden = !outline;
  byId("where").setAttribute("aria-pressed", "false");
  const blank = new Promise((resolve) => setTimeout(resolve, BLANK));
  try {
    await Promise.all([byId("left-picture").decode(), byId("right-picture").decode(), blank]);
  } catch {
    if (mine === turn) byId("picture-problem").textContent = "A picture of this pair cannot be loaded. Is the folder complete? Reload the page to try again.";
    return;
  }
  if (mine !== turn) return;
  byId("pair").classList.remove("waiting");
  shownAt = performance.now();
  ready = true;
  preload(answers.length + 1);
}

function preload(index) {
  for (const file of (pairs[index] || []).slice(1)) if (file) new Image().src = source(file);
}

function updateProgress() {
  byId("progress").max = pairs.length;
  byId("progress").value = answers.length;
  byId("count").textContent = `${Math.min(answers.length + 1, pairs.length)} of ${pairs.length}`;
  byId("undo").disabled = answers.length === 0;
}

function answer(choice) {
  if (!ready || byId("trial").hidden) return;
  ready = false;
  const seconds = Math.round(performance.now() - shownAt) / 1000;
  answers.push({ pair: pairs[answers.length][0], choice, seconds });
  keep();
  if (choice !== "tie") byId(choice).classList.add("chosen");
  const mine = turn;
  setTimeout(() => mine === turn && showPair(), 120); // long enough to see what was chosen; a pause may come first
}

function undo() {
  if (byId("trial").hidden || !ready || answers.length === 0) return;
  answers.pop();
  keep();
  showPair();
}

function toggleOutline() {
  if (byId("where").hidden || !ready) return;
  const on = byId("where").getAttribute("aria-pressed") !== "true";
  byId("where").setAttribute("aria-pressed", String(on));
  for (const image of document.querySelectorAll(".outline")) image.hidden = !on;
}

function pause() {
  if (byId("trial").hidden) return;
  turn++;
  ready = false;
  byId("paused-count").textContent = `${answers.length} of ${pairs.length} pairs are answered.`;
  if (!remembers) byId("keeping").textContent = "This browser keeps nothing: please leave the page open, or save the answers so far.";
  show("paused");
  byId("resume").focus();
}

function finish() {
  byId("file-name").textContent = fileName();
  show("end");
  byId("save").focus();
}

function begin(event) {
  event.preventDefault();
  const typed = byId("code").value.trim().toUpperCase();
  if (!Object.hasOwn(study.participants, typed)) {
    byId("code-problem").textContent = typed ? "This code is not known. Please check it." : "Please type your code.";
    byId("code").focus();
    return;
  }
  code = typed;
  pairs = study.participants[code].pairs;
  ({ started, answers } = recall());
  started = started || new Date().toISOString();
  keep();
  if (document.activeElement) document.activeElement.blur(); // so that no key presses a button behind the pictures
  showPair();
}

// ---- keys and buttons ----

const keys = {
  ArrowLeft: () => answer("left"),
  ArrowRight: () => answer("right"),
  ArrowDown: () => study.ties && answer("tie"),
  Backspace: undo,
  Escape: pause,
  o: toggleOutline,
  O: toggleOutline,
};

document.addEventListener("keydown", (event) => {
  if (byId("trial").hidden || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

byId("start").addEventListener("submit", begin);
for (const button of document.querySelectorAll("[data-choice]"))
  button.addEventListener("click", () => {
    answer(button.dataset.choice);
    button.blur();
  });
byId("undo").addEventListener("click", undo);
byId("where").addEventListener("click", toggleOutline);
byId("pause").addEventListener("click", pause);
byId("resume").addEventListener("click", showPair);
byId("save").addEventListener("click", save);
byId("save-partial").addEventListener("click", save);

show("welcome");
const wanted = new URLSearchParams(location.search).get("code"); // a link can carry the code
if (wanted) byId("code").value = wanted.slice(0, 12);
byId("code").focus();
