"use strict";
// The page works without this script; it adds sorting, choosing among the pictures, and the viewer.

const byId = (id) => document.getElementById(id);

// ---- tables: press a heading to sort ----

function sortBy(heading) {
  const table = heading.closest("table");
  const headings = [...heading.parentElement.children];
  const column = headings.indexOf(heading);
  const first = heading.querySelector(".sort").dataset.first || "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === first ? other : first;
  for (const each of headings) each.setAttribute("aria-sort", each === heading ? order : "none");
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((one, two) => compareCells(one.cells[column], two.cells[column], sign));
  table.tBodies[0].append(...rows);
}

function compareCells(one, two, sign) {
  if (one.tagName === "TH") return sign * one.textContent.localeCompare(two.textContent, undefined, { numeric: true });
  const [a, b] = [one, two].map((cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value)));
  if (a === null || b === null) return (a === null) - (b === null); // what is unknown stands last either way
  return sign * (a - b);
}

for (const button of document.querySelectorAll(".sort")) button.addEventListener("click", () => sortBy(button.parentElement));

// ---- which pictures are shown, and what of them ----

function choose(gallery) {
  const method = gallery.querySelector(".by-method").value;
  const kind = gallery.querySelector(".by-kind").value;
  let count = 0;
  for (const card of gallery.querySelectorAll(".card")) {
    const fits = [...card.querySelectorAll(".badges li")].some(
      (badge) => (!method || badge.dataset.method === method) && (!kind || badge.dataset.kind === kind),
    );
    card.hidden = !fits;
    count += fits;
  }
  gallery.querySelector(".matches").textContent = count === 1 ? "1 picture" : `${count} pictures`;
  gallery.classList.toggle("outlined", gallery.querySelector(".with-outline").checked);
  gallery.classList.toggle("plain", !gallery.querySelector(".with-differences").checked);
}

for (const gallery of document.querySelectorAll(".gallery")) {
  for (const control of gallery.querySelectorAll("select, input")) control.addEventListener("change", () => choose(gallery));
  choose(gallery);
}

// ---- the viewer: two pictures of a card, one over the other ----

const viewer = byId("viewer");
let card = null;
let blinking = null;

function pictures() {
  const found = new Map();
  for (const shot of card.querySelectorAll(".shot")) {
    const label = shot.dataset.label;
    found.set(label, shot.querySelector("img").src);
    const difference = shot.querySelector("img.difference");
    if (difference) found.set(`difference of ${label}`, difference.src);
  }
  return found;
}

function open(nextCard, label) {
  card = nextCard;
  const found = pictures();
  const labels = [...found.keys()].sort((a, b) => a.startsWith("difference of ") - b.startsWith("difference of "));
  fill(byId("one"), labels, label === "composite" ? "composite" : byId("one").value || "composite");
  fill(byId("other"), labels, label === "composite" ? "real" : label);
  byId("viewer-name").textContent = card.dataset.name;
  byId("viewer-outline").src = card.querySelector("img.outline").src;
  if (!viewer.open) viewer.showModal();
  update();
  byId("slider").focus();
}

function fill(select, labels, chosen) {
  select.replaceChildren(...labels.map((label) => new Option(label, label)));
  select.value = labels.includes(chosen) ? chosen : labels[0];
}

function update() {
  const found = pictures();
  byId("under").src = found.get(byId("other").value);
  byId("under").alt = byId("other").value;
  byId("over").src = found.get(byId("one").value);
  byId("over").alt = byId("one").value;
  byId("viewer-outline").hidden = !byId("viewer-with-outline").checked;
  zoom();
  slide();
}

function slide() {
  const place = Number(byId("slider").value);
  byId("over").style.clipPath = blinking ? "none" : `inset(0 ${100 - place}% 0 0)`;
  byId("divider").style.left = `${place}%`;
  byId("divider").hidden = Boolean(blinking);
}

function zoom() {
  const image = card.querySelector("img");
  const [width, height] = [Number(image.getAttribute("width")), Number(image.getAttribute("height"))];
  const stage = byId("stage");
  const wanted = Number(byId("zoom").value);
  const scale = wanted ? wanted / devicePixelRatio : Math.min(stage.clientWidth / width, stage.clientHeight / height);
  byId("canvas").style.width = `${width * scale}px`;
  byId("canvas").style.height = `${height * scale}px`;
  byId("canvas").classList.toggle("magnified", wanted > 1);
}

function blink() {
  if (blinking) {
    clearInterval(blinking);
    blinking = null;
    byId("over").style.visibility = "";
  } else {
    blinking = setInterval(() => {
      byId("over").style.visibility = byId("over").style.visibility === "hidden" ? "" : "hidden";
    }, 600);
  }
  byId("blink").setAttribute("aria-pressed", String(Boolean(blinking)));
  slide();
}

function step(by) {
  const cards = [...card.closest(".gallery").querySelectorAll(".card:not([hidden])")];
  open(cards[(cards.indexOf(card) + by + cards.length) % cards.length], byId("other").value);
}

function slideTo(event) {
  const box = byId("canvas").getBoundingClientRect();
  byId("slider").value = (100 * (event.clientX - box.left)) / box.width;
  slide();
}

for (const button of document.querySelectorAll(".open"))
  button.addEventListener("click", () => open(button.closest(".card"), button.closest(".shot").dataset.label));
for (const id of ["one", "other", "viewer-with-outline"]) byId(id).addEventListener("change", update);
byId("zoom").addEventListener("change", zoom);
byId("slider").addEventListener("input", slide);
byId("blink").addEventListener("click", blink);
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("close").addEventListener("click", () => viewer.close());
byId("canvas").addEventListener("pointerdown", (event) => {
  byId("canvas").setPointerCapture(event.pointerId);
  slideTo(event);
});
byId("canvas").addEventListener("pointermove", (event) => {
  if (event.buttons) slideTo(event);
});
viewer.addEventListener("close", () => {
  if (blinking) blink();
});
viewer.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "b" && event.target.tagName !== "SELECT" && !event.ctrlKey && !event.metaKey) blink();
});
addEventListener("resize", () => viewer.open && zoom());
