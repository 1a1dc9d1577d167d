/* A training on a frozen layout: the slider, and what each step writes into the picture.

   data.sides holds one training each: prefix of its picture's ids, moments (step, words, findings, ledger) and looks,
   of which each holds only what differs from the moment before. viz/painting.py paints the last step in the same way. */
const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const shortest = (x) => String(Number(x.toPrecision(6)));
const color = (name) => (name ? `var(--${name})` : "none");

/* The looks of every moment in full: they share what does not change. */
function unfolded(changes) {
  const found = [];
  let before = {};
  for (const changed of changes) {
    const now = { ...before };
    for (const [name, look] of Object.entries(changed)) now[name] = { ...before[name], ...look };
    found.push(now);
    before = now;
  }
  return found;
}

function paintWire(group, [width, stroke, dashed]) {
  for (const shape of group.children) {
    if (shape.tagName !== "path" && shape.tagName !== "polygon") continue;
    const line = shape.tagName === "path";
    shape.setAttribute("stroke", color(stroke));
    shape.setAttribute("fill", line ? "none" : color(stroke));
    if (!line) continue;
    shape.setAttribute("stroke-width", shortest(width));
    shape.setAttribute("stroke-dasharray", dashed ? "5,2" : "none");
  }
}

function paintBox(group, look) {
  const [kind, border, fill] = look.box;
  group.setAttribute("class", `node ${kind}`);
  const title = group.querySelector("title"), shape = group.querySelector("path, polygon, ellipse");
  if (title && look.tip !== undefined) title.textContent = look.tip;
  if (shape) {
    shape.setAttribute("fill", color(fill));
    shape.setAttribute("stroke", color(border));
  }
  if (look.words) {
    const text = group.querySelector("text");
    text.textContent = look.words[0];
    text.setAttribute("fill", color(look.words[1]));
  }
}

function rectangle(place, x, y, width, height, fill) {
  const sizes = { x: shortest(x), y: shortest(y), width: shortest(width), height: shortest(height) };
  return place.appendChild(element("rect", { ...sizes, fill: color(fill), "shape-rendering": "crispEdges" }));
}

function words(place, said, ink, bold, size, x, y, anchor) {
  const at = { "text-anchor": anchor, x: shortest(x), y: shortest(y + 0.35 * size), "font-family": data.font };
  place.append(element("text", { ...at, "font-weight": bold ? "bold" : "normal", "font-size": shortest(size), fill: color(ink) }, said));
}

function paintSlot(place, content) {
  place.replaceChildren();
  if (!content || !content.length) return;
  const kind = place.dataset.kind, size = Number(place.dataset.size);
  const [left, top, wide, high] = place.dataset.box.split(" ").map(Number);
  if (kind === "bar") {
    let x = left;
    for (const [width, height, fill, dash, said, ink] of content) {
      const block = rectangle(place, x, top, width, height, fill);
      if (dash) block.setAttribute("stroke", "var(--dead)");
      if (dash) block.setAttribute("stroke-dasharray", dash === 2 ? "5,2" : "none");
      if (said) words(place, said, ink, true, 9, x + width / 2, top + height / 2, "middle");
      x += width;
    }
  } else if (kind === "columns") {
    const [width, fill, base, digits] = content, floor = top + high - 1;
    [...digits].forEach((digit, i) => {
      const height = DIGITS.indexOf(digit);
      if (height) rectangle(place, left + i * width, floor - height, width - 1, height, fill);
    });
    rectangle(place, left, floor, wide, 1, base);
  } else paintWords(place, content, kind, size, [left, top, wide, high]);
}

function paintWords(place, [said, ink, bold, fill], kind, size, [left, top, wide, high]) {
  const middle = top + high / 2;
  if (fill) {
    rectangle(place, left, top, wide, high, fill).setAttribute("rx", "6");
    words(place, said, ink, bold, size, left + wide / 2, middle, "middle");
    return;
  }
  if (ink === "on_not_finite") {
    const room = Math.min(wide, [...said].length * size * 0.7 + 4);
    rectangle(place, kind === "right" ? left + wide - room : left, top, room, high, "not_finite");
  }
  words(place, said, ink, bold, size, kind === "right" ? left + wide : left, middle, kind === "right" ? "end" : "start");
}

/* One training: show(i) writes its moment into its picture. What did not change stays as it is. */
function training(side) {
  const looks = unfolded(side.looks);
  const groups = new Map();
  for (const name of new Set(looks.flatMap((look) => Object.keys(look)))) {
    const group = document.getElementById(side.prefix + name);
    if (!group) continue;
    const slots = new Map([...group.querySelectorAll("g.slot")].map((place) => [place.dataset.slot, place]));
    groups.set(name, { group, slots });
  }
  let shown = looks.length - 1;
  function show(index) {
    for (const [name, { group, slots }] of groups) {
      const look = looks[index][name], old = looks[shown][name];
      if (!look || look === old) continue;
      if (look.wire && look.wire !== old?.wire) paintWire(group, look.wire);
      if (look.box) paintBox(group, look);
      for (const [key, place] of slots) if (look[key] !== old?.[key]) paintSlot(place, look[key]);
    }
    shown = index;
  }
  return { side, show, steps: side.moments.map((moment) => moment.step) };
}

/* The last place in rising `steps` that is not after `step`. */
function placeOf(steps, step) {
  let place = 0;
  while (place + 1 < steps.length && steps[place + 1] <= step) place++;
  return place;
}

/* The slider over all sides; listeners hear the step and the moment of each side. */
function player(sides, tools) {
  const steps = [...new Set(sides.flatMap((side) => side.steps))].sort((a, b) => a - b);
  const slider = tools.querySelector("input"), play = tools.querySelector("[data-act=play]");
  const listeners = [];
  let at = steps.length - 1, timer = 0;
  slider.max = steps.length - 1;
  function show(place) {
    at = Math.min(Math.max(place, 0), steps.length - 1);
    slider.value = at;
    const places = sides.map((side) => placeOf(side.steps, steps[at]));
    sides.forEach((side, i) => side.show(places[i]));
    const moments = sides.map((side, i) => side.side.moments[places[i]]);
    slider.setAttribute("aria-valuetext", moments[0].said);
    for (const listener of listeners) listener(steps[at], moments, places);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶ Play";
    play.setAttribute("aria-pressed", "false");
  }
  function start() {
    if (at === steps.length - 1) show(0);
    const pause = Math.max(60, Math.min(400, 15000 / steps.length));
    timer = setInterval(() => (at === steps.length - 1 ? stop() : show(at + 1)), pause);
    play.textContent = "❚❚ Pause";
    play.setAttribute("aria-pressed", "true");
  }
  play.addEventListener("click", () => (timer ? stop() : start()));
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  for (const [act, move] of [["first", () => 0], ["back", () => at - 1], ["on", () => at + 1], ["last", () => steps.length - 1]])
    tools.querySelector(`[data-act=${act}]`).addEventListener("click", () => { stop(); show(move()); });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, svg, .scroll, summary") || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const place = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    stop();
    show(place);
  });
  const seek = (step) => {
    const place = steps.findIndex((each) => each >= step);
    stop();
    show(place < 0 ? steps.length - 1 : place);
  };
  return { steps, seek, show, listen: (listener) => listeners.push(listener), begin: () => show(steps.length - 1) };
}
