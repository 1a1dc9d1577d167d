/* The steps of a graph on its picture. The data is a Tape: turns (the steps), tracks (the wires), leaves. */
const { turns, tracks, leaves, blocks } = data;
const by = (id) => document.getElementById(id);
const svg = stages[0].svg;
const wires = tracks.map((track, i) => wireOf(svg, track, i));
const LAST = turns.length - 1, SEED = turns.findIndex((turn) => turn.kind === "seed");
let step = 0, playing = null, lit = null;

/* Which wires change at which step, start or end at which box, and in which steps a box has its turn. */
const changes = turns.map(() => []), into = new Map(), outOf = new Map(), turnsOf = new Map();
const listed = (map, key) => map.get(key) ?? map.set(key, []).get(key);
tracks.forEach((track, i) => {
  for (const at of new Set([track.step, ...track.marks.map((mark) => mark.step)])) changes[at].push(i);
  listed(into, track.head).push(i);
  listed(outOf, track.source).push(i);
});
turns.forEach((turn, at) => {
  if (turn.kind === "forward" || turn.kind === "backward") turnsOf.set(turn.box, { ...turnsOf.get(turn.box), [turn.kind]: at });
});
const boxes = new Map([...svg.querySelectorAll("g.node")].filter((part) => /^n\d+$/.test(part.id)).map((part) => [part.id, part]));
const folds = tracks.flatMap((track, i) => (boxes.has(track.source) ? [] : [{ part: svg.getElementById(track.source), i }]));
const leafOf = new Map(leaves.map((leaf) => [leaf.box, leaf]));

/* Questions: one for each edge that sends one number, one for each value; and on which wires the answers would show. */
const askedOn = tracks.map(() => []);
turns.forEach((turn, at) => {
  const hint = `${turn.lesson} ${turn.rule ? `Local gradient: ${turn.rule}, times the upstream gradient.` : ""}`;
  if (turn.asked !== null) exercise.questions.set(`${at}`, { id: `${at}`, answer: turn.asked, words: turn.name, hint: `Formula: ${turn.formula}.`, isValue: true });
  turn.sent.forEach((sent, k) => {
    if (sent.asked === null) return;
    const id = `${at}.${k}`;
    exercise.questions.set(id, { id, answer: sent.asked, words: sent.symbols || sent.target, hint });
    askedOn[sent.wire].push({ id, at });
    for (const trunk of outOf.get(tracks[sent.wire].source)) if (trunk !== sent.wire && isTrunk(trunk)) askedOn[trunk].push({ id, at });
  });
});
function isTrunk(i) {
  return tracks[i].head === `${tracks[i].source}j`;
}
const valueHidden = (box) => asksValues() && turnsOf.has(box) && isOpen(`${turnsOf.get(box).forward}`);
const gradientHidden = (i, at) => askedOn[i].some((question) => question.at <= at && isOpen(question.id));
/* Whether something that makes up the gradient of a box is still asked for. */
const upstreamHidden = (box) => (outOf.get(box) ?? []).some((i) => gradientHidden(i, LAST));

/* What wire i shows at a step. */
function wireAt(i, at) {
  const track = tracks[i], turn = turns[at];
  const mark = track.marks.findLast((one) => one.step <= at);
  const hidden = gradientHidden(i, at);
  const forth = turn.kind === "forward" && (track.head === turn.box || track.source === turn.box);
  const back = (mark && mark.step === at) || (turn.kind === "backward" && track.source === turn.box && mark);
  return {
    value: track.step > at ? null : valueHidden(track.source) ? "?" : track.value,
    words: hidden ? "?" : mark ? mark.words : "—",
    width: mark && !hidden ? mark.width : 1,
    look: mark && !hidden ? mark.look : "none",
    now: forth ? "forth" : back ? "back" : "",
  };
}
function carrying(at) {
  const turn = turns[at];
  return turn.box ? [...(into.get(turn.box) ?? []), ...(outOf.get(turn.box) ?? []), ...changes[at]] : changes[at];
}

/* Go to a step: restyle the wires that change on the way there, and the two boxes. */
function go(to, { say = true } = {}) {
  const from = step, target = stopAt(Math.min(Math.max(to, 0), LAST));
  const touched = new Set([...carrying(from), ...carrying(target)]);
  for (let at = Math.min(from, target) + 1; at <= Math.max(from, target); at++) for (const i of changes[at]) touched.add(i);
  const gates = new Set([turns[from].box, turns[target].box]);
  for (let at = Math.min(from, target); at <= Math.max(from, target); at++) gates.add(turns[at].box);
  step = target;
  for (const i of touched) showWire(wires[i], wireAt(i, step));
  for (const box of gates) if (box) showBox(box);
  showFolds();
  by("slider").value = step;
  by("place").textContent = `${step} of ${LAST}`;
  for (const [id, off] of [["first", step === 0], ["previous", step === 0], ["next", step === LAST], ["last", step === LAST]]) by(id).setAttribute("aria-disabled", String(off));
  if (step === LAST) pause();
  if (lit) by("about").textContent = about(lit);
  describe(say);
  if (say) followSoon();
}
/* Keep the gate in sight: the first step enlarges a picture too small to read, later ones move it where it ended outside. */
let begun = false, following = 0;
function followSoon() {
  if (!following) following = requestAnimationFrame(follow);
}
function follow() {
  following = 0;
  const part = svg.getElementById(turns[step].box || "out");
  const small = !begun && svg.getScreenCTM().a < 0.6;
  begun = true;
  const inner = part.getBoundingClientRect(), outer = stages[0].frame.getBoundingClientRect();
  const outside = inner.right > outer.right || inner.left < outer.left || inner.bottom > outer.bottom || inner.top < outer.top;
  if (small || (outside && turns[step].box)) stages[0].reveal(part);
}
function showBox(id) {
  const part = boxes.get(id), turn = turns[step], mine = turnsOf.get(id);
  if (!part) return;
  part.classList.toggle("later", mine !== undefined && mine.forward > step);
  part.classList.toggle("now", turn.box === id);
  part.classList.toggle("returning", turn.box === id && step >= SEED);
  part.classList.toggle("secret", mine !== undefined && (mine.forward > step || valueHidden(id)));
}
/* A block of folded terms keeps what it says of their values until they are computed, and while their sum is asked for. */
function showFolds() {
  for (const { part, i } of folds) part.classList.toggle("secret", tracks[i].step > step || valueHidden(tracks[i].head));
}
function refresh() {
  wires.forEach((wire, i) => showWire(wire, wireAt(i, step)));
  for (const id of boxes.keys()) showBox(id);
  showFolds();
  by("score").textContent = exercise.mode ? scoreWords() : "";
  describe(false);
}

/* Folded layers: their gates have their turns in one step, and what is inside them is hidden. */
const shut = new Map();
const shutAround = (box) => shut.get(box);
function stopAt(at) {
  const { kind, box } = turns[at], block = shutAround(box);
  while (block && at < LAST && turns[at + 1].kind === kind && shutAround(turns[at + 1].box) === block) at++;
  return at;
}
function startOf(at) {
  const { kind, box } = turns[at], block = shutAround(box);
  while (block && at > 0 && turns[at - 1].kind === kind && shutAround(turns[at - 1].box) === block) at--;
  return at;
}
function prepareBlocks() {
  const parts = [...svg.querySelectorAll("g.cluster")];
  const walk = (list) => list.flatMap((block) => [block, ...walk(block.blocks)]);
  return walk(blocks).map((block, i) => {
    const part = parts[i], box = boxOf(part.querySelector("path, polygon")), said = element("text", { x: box.x + box.width / 2, y: box.y + box.height - 14, class: "folded-words" });
    part.append(said);
    return { label: block.words, boxes: block.boxes, part, words: said, shut: false };
  });
}
const gatesIn = (frame) => frame.boxes.filter((box) => turnsOf.has(box)).length;
const frames = prepareBlocks();
function toggleBlock(frame) {
  frame.shut = !frame.shut;
  shut.clear();
  for (const one of frames) if (one.shut) for (const box of one.boxes) if (!shut.has(box)) shut.set(box, one);
  for (const [id, part] of boxes) part.classList.toggle("away", shut.has(id));
  for (const part of svg.querySelectorAll("g.node:not(.wire)")) if (!boxes.has(part.id)) part.classList.toggle("away", shut.has(part.id));
  tracks.forEach((track, i) => {
    const inside = shut.has(track.head) && shut.get(track.head) === shut.get(track.tail);
    for (const part of wires[i].parts) part.classList.toggle("away", inside);
  });
  for (const one of frames) {
    one.part.classList.toggle("shut", one.shut);
    one.words.textContent = one.shut ? `${gatesIn(one)} gates, folded` : "";
    one.part.classList.toggle("away", frames.some((outer) => outer.shut && outer !== one && one.boxes.every((box) => outer.boxes.includes(box)) && outer.boxes.length > one.boxes.length));
    one.part.setAttribute("aria-expanded", String(!one.shut));
  }
  go(step);
}

/* Moving, playing, choosing. */
const next = () => go(step + 1);
const previous = () => go(startOf(step) - 1);
function pause() {
  clearInterval(playing);
  playing = null;
  by("play").textContent = "Play";
}
function play() {
  if (step === LAST) go(0);
  playing = setInterval(next, 1000 / Number(by("speed").value));
  by("play").textContent = "Pause";
}
const playOrPause = () => (playing ? pause() : play());
const stepping = { first: () => go(0), previous, next, last: () => go(LAST) };
for (const [id, act] of Object.entries(stepping)) by(id).addEventListener("click", () => { pause(); act(); });
by("play").addEventListener("click", playOrPause);
by("slider").addEventListener("input", () => { pause(); go(Number(by("slider").value)); });
by("speed").addEventListener("change", () => { if (playing) { pause(); play(); } });
by("exercise").addEventListener("change", () => {
  exercise.mode = by("exercise").value;
  exercise.results.clear();
  exercise.tries.clear();
  pause();
  refresh();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.target.matches("input, select, textarea")) return;
  if (event.key === " " && event.target.matches("button, summary, a")) return;
  const act = { ArrowLeft: previous, ArrowRight: next, Home: stepping.first, End: stepping.last, " ": playOrPause }[event.key];
  if (!act) return;
  event.preventDefault();
  if (event.key !== " ") pause();
  act();
});
let before = 0;
window.addEventListener("beforeprint", () => { before = step; go(LAST, { say: false }); });
window.addEventListener("afterprint", () => go(before, { say: false }));

/* Gates and frames of the picture: one of them is a stop of Tab, arrows up and down move on, Enter or space chooses. */
const stops = [...frames.map((frame) => frame.part), ...boxes.values()];
function choose(part) {
  pause();
  const frame = frames.find((one) => one.part === part);
  if (frame) return toggleBlock(frame);
  const mine = turnsOf.get(part.id);
  if (!mine) return go(step < SEED ? 0 : LAST);
  return go(step < SEED || mine.backward === undefined ? mine.forward : mine.backward);
}
function light(part) {
  for (const one of svg.querySelectorAll(".lit")) one.classList.remove("lit");
  lit = part && boxes.has(part.id) ? part.id : null;
  if (!lit) return;
  const way = pathFrom(part.id, tracks);
  for (const box of way.boxes) svg.getElementById(box)?.classList.add("lit");
  for (const i of way.wires) for (const piece of wires[i].parts) piece.classList.add("lit");
  by("about").textContent = about(part.id);
}
function about(box) {
  const wire = outOf.get(box)?.[0], leaf = leafOf.get(box), turn = turns[turnsOf.get(box)?.forward];
  if (wire === undefined) return "";
  const { value, words } = wireAt(wire, step);
  return `${leaf ? `${leaf.name}, a leaf` : `${turn.name}, from ${turn.title}${turn.scope ? ` in layer ${turn.scope}` : ""}`}: value ${value ?? "not computed yet"}, gradient ${words}`;
}
function hold(part) {
  for (const stop of stops) stop.tabIndex = stop === part ? 0 : -1;
}
for (const part of stops) {
  part.setAttribute("role", "button");
  const frame = frames.find((one) => one.part === part), turn = turns[turnsOf.get(part.id)?.forward];
  part.setAttribute("aria-label", frame ? `Frame ${frame.label}` : turn ? `Gate ${turn.title}, output ${turn.name}` : `Leaf ${leafOf.get(part.id)?.name ?? ""}`);
  if (frame) part.setAttribute("aria-expanded", "true");
}
hold(stops[0]);
svg.setAttribute("role", "group");
svg.setAttribute("aria-label", "Gates, leaves and layers");
const chosen = (event) => stops.find((part) => part === event.target.closest("g[role=button]"));
svg.addEventListener("click", (event) => { const part = chosen(event); if (part) { hold(part); choose(part); } });
svg.addEventListener("pointerover", (event) => { const part = chosen(event); if (part) light(part); });
svg.addEventListener("pointerleave", () => light(null));
svg.addEventListener("focusin", (event) => { const part = chosen(event); if (part) light(part); });
svg.addEventListener("focusout", () => light(null));
svg.addEventListener("keydown", (event) => {
  const part = chosen(event), shown = stops.filter((one) => !one.classList.contains("away"));
  if (!part || event.shiftKey) return;
  const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!move && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  event.stopPropagation();
  if (!move) return choose(part);
  const other = shown[(shown.indexOf(part) + move + shown.length) % shown.length];
  hold(other);
  other.focus();
});

refresh();
go(0, { say: false });
