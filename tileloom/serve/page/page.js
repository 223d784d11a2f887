// The page of `tileloom serve`: a sheet to draw on, pictures to it, and what the machine answers.
"use strict";

const SIDE = 320;  // of the sheet, in its own pixels
const TOP = 10;    // outputs that are shown
const place = (id) => document.getElementById(id);
const sheet = place("sheet"), pen = sheet.getContext("2d", { willReadFrequently: true });
let facts, asked = 0, drawing = false, waiting = 0;

function clear() {
  pen.fillStyle = facts.ink ? "white" : "black";
  pen.fillRect(0, 0, sheet.width, sheet.height);
}

function stroke(event) {
  const box = sheet.getBoundingClientRect();
  const x = (event.clientX - box.left) * sheet.width / box.width;
  const y = (event.clientY - box.top) * sheet.height / box.height;
  if (event.type === "pointerdown") {
    pen.beginPath();
    pen.moveTo(x, y);
  }
  pen.lineTo(x, y);
  pen.stroke();
}

// Light from 0 to 1 of the sheet, averaged to the size that the server wants, channel by channel.
function values() {
  const small = document.createElement("canvas");
  small.width = facts.width;
  small.height = facts.height;
  const context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(sheet, 0, 0, facts.width, facts.height);
  const pixels = context.getImageData(0, 0, facts.width, facts.height).data;
  const count = facts.width * facts.height, found = new Float32Array(facts.channels * count);
  const invert = place("ink").checked;
  for (let i = 0; i < count; ++i) {
    const colour = [pixels[4 * i] / 255, pixels[4 * i + 1] / 255, pixels[4 * i + 2] / 255];
    const grey = Math.min(1, 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]);
    for (let channel = 0; channel < facts.channels; ++channel) {
      const light = facts.channels === 1 ? grey : colour[channel];
      found[channel * count + i] = invert ? 1 - light : light;
    }
  }
  return found;
}

async function ask(path, body) {
  const number = ++asked;
  document.body.setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(path, { method: "POST", body });
    const answer = await reply.json();
    if (number === asked) show(answer);
  } catch (error) {
    if (number === asked) show({ error: "the server does not answer; is it still running?" });
  } finally {
    if (number === asked) document.body.removeAttribute("aria-busy");
  }
}

function show(answer) {
  place("error").textContent = answer.error || "";
  if (answer.error) return;
  const [name, scores] = Object.entries(answer.outputs)[0];
  const labelled = facts.labels.length === scores.length;
  const label = (i) => labelled ? facts.labels[i] : scores.length > 1 ? `output ${i}` : name;
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a]).slice(0, TOP);
  place("best").textContent = label(order[0]);
  const low = Math.min(...scores), high = Math.max(...scores);
  rows("scores", order.map((i) => [label(i), meter((scores[i] - low) / (high - low || 1)), scores[i].toFixed(3)]));
  rows("figures", [
    ["engine", facts.engine, ""],
    ["cycles", answer.cycles.toLocaleString("en"), facts.kind],
    [`latency at ${facts.clock_hz / 1e6} MHz`, time(answer.latency_s), facts.kind],
    ["answered here in", time(answer.seconds), "measured"],
  ]);
  rows("stalls", Object.entries(answer.stall_cycles).filter(([, cycles]) => cycles > 0)
    .map(([cause, cycles]) => [facts.causes[cause], cycles.toLocaleString("en"), facts.kind]));
  draw(answer.seen);
}

function meter(share) {
  const element = document.createElement("meter");
  element.value = share;
  return element;
}

function time(seconds) {
  return seconds < 1e-3 ? `${(seconds * 1e6).toFixed(1)} µs` : seconds < 1 ? `${(seconds * 1e3).toFixed(2)} ms`
    : `${seconds.toFixed(2)} s`;
}

function rows(id, cells) {
  place(id).tBodies[0].replaceChildren(...cells.map(([head, middle, last]) => {
    const row = document.createElement("tr"), heading = document.createElement("th");
    heading.scope = "row";
    heading.textContent = head;
    row.append(heading);
    for (const content of [middle, last]) {
      const cell = row.insertCell();
      cell.append(content);
      if (typeof content === "string") cell.className = content === facts.kind || content === "measured" ? "kind" : "number";
    }
    return row;
  }));
}

function draw(seen) {
  const shape = facts.seen, canvas = place("seen"), count = shape.width * shape.height;
  canvas.width = shape.width;
  canvas.height = shape.height;
  const image = new ImageData(shape.width, shape.height);
  for (let i = 0; i < count; ++i) {
    for (let channel = 0; channel < 3; ++channel) {
      const value = seen[(shape.channels === 1 ? 0 : channel) * count + i];
      image.data[4 * i + channel] = 255 * (facts.ink ? 1 - value : value);
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The picture fills the sheet, cut around its middle.
async function picture(file) {
  let image;
  try {
    image = await createImageBitmap(file);
  } catch (error) {
    show({ error: `${file.name} is no picture that this browser can read` });
    return;
  }
  clear();
  const scale = Math.max(sheet.width / image.width, sheet.height / image.height);
  const width = image.width * scale, height = image.height * scale;
  pen.drawImage(image, (sheet.width - width) / 2, (sheet.height - height) / 2, width, height);
  ask("picture", values());
}

async function sample() {
  const digit = await (await fetch("sample")).json();
  const size = Math.sqrt(digit.values.length), small = document.createElement("canvas");
  small.width = small.height = size;
  const image = new ImageData(size, size);
  digit.values.forEach((value, i) => {
    image.data.fill(255 * (1 - value), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, sheet.width, sheet.height);
  sheet.dataset.label = digit.label;
  ask("input", new Float32Array(digit.values));
}

function later() {
  clearTimeout(waiting);
  waiting = setTimeout(() => ask("picture", values()), 200);
}

function listen() {
  sheet.addEventListener("pointerdown", (event) => {
    drawing = true;
    clearTimeout(waiting);
    sheet.setPointerCapture(event.pointerId);
    stroke(event);
  });
  sheet.addEventListener("pointermove", (event) => { if (drawing) stroke(event); });
  for (const name of ["pointerup", "pointercancel"]) {
    sheet.addEventListener(name, () => { if (drawing) later(); drawing = false; });
  }
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      sheet.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) picture(event.dataTransfer.files[0]);
    });
  }
  place("clear").addEventListener("click", () => { ++asked; clear(); place("best").textContent = ""; });
  place("sample").addEventListener("click", sample);
  place("ink").addEventListener("change", () => ask("picture", values()));
  place("file").addEventListener("change", (event) => {
    if (event.target.files.length) picture(event.target.files[0]);
    event.target.value = "";
  });
}

async function start() {
  facts = await (await fetch("facts")).json();
  document.title = place("title").textContent = facts.title;
  sheet.width = Math.round(SIDE * Math.min(1, facts.width / facts.height));
  sheet.height = Math.round(SIDE * Math.min(1, facts.height / facts.width));
  sheet.style.aspectRatio = `${facts.width} / ${facts.height}`;
  place("ink").checked = facts.ink;
  place("sample").hidden = !facts.samples;
  clear();
  pen.strokeStyle = facts.ink ? "black" : "white";
  pen.lineWidth = SIDE / 12;
  pen.lineCap = pen.lineJoin = "round";
  listen();
  document.body.dataset.ready = "yes";
}

start();
