/* The wires of a circuit as parts that can be restyled: a label node w3 between two edges, n1->w3 and w3->n4.

   Graphviz drew each with the widest bar and the longest number, so there is room for whatever comes. */
const SHAPES = "path, polygon, ellipse, line";

function wireOf(svg, track, index) {
  const label = svg.getElementById(`w${index}`);
  const edges = [svg.getElementById(`${track.tail}->w${index}`), svg.getElementById(`w${index}->${track.head}`)];
  const bar = label.querySelector('[fill="var(--wire)"]'), box = boxOf(bar);
  const line = element("line", { x1: box.x, x2: box.x + box.width, y1: box.y + box.height / 2, y2: box.y + box.height / 2 });
  bar.replaceWith(line);
  const strokes = [line, ...edges.map((edge) => edge.querySelector("path"))];
  if (track.many) for (const stroke of strokes) threefold(stroke);
  const [value, gradient] = ["value", "gradient"].map((name) => label.querySelector(`text[fill="var(--${name})"]`));
  for (const text of [value, gradient]) {
    text.setAttribute("text-anchor", "middle");
    text.setAttribute("x", box.x + box.width / 2);
  }
  const wire = { parts: [label, ...edges], bases: [label, ...edges].map((part) => part.getAttribute("class")), strokes, value, gradient, shown: {} };
  value.textContent = track.value;
  if (!track.finite) loud(value);
  return wire;
}

/* The box around a polygon or a path of Graphviz, from its points: a page in a frame that is not shown yet, as in a
   notebook's output, has no layout to ask. */
function boxOf(shape) {
  const numbers = (shape.getAttribute("points") ?? shape.getAttribute("d")).match(/-?[\d.]+/g).map(Number);
  const [xs, ys] = [0, 1].map((odd) => numbers.filter((_, i) => i % 2 === odd));
  const x = Math.min(...xs), y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/* Many wires in one: two gaps in a broad line. */
function threefold(stroke) {
  stroke.classList.add("many");
  for (const name of ["gap", "core"]) {
    const copy = stroke.cloneNode();
    copy.setAttribute("class", name);
    stroke.parentNode.append(copy);
  }
}

/* What is not finite stands on a ground of its own. */
function loud(text) {
  if (text.previousElementSibling?.classList.contains("ground")) return;
  const size = Number(text.getAttribute("font-size")), width = size * text.textContent.length * 0.7; // a hidden frame cannot measure
  const left = Number(text.getAttribute("x")) - width / 2 - 3, top = Number(text.getAttribute("y")) - size * 0.95;
  text.before(element("rect", { x: left, y: top, width: width + 6, height: size * 1.2, class: "ground" }));
  text.classList.add("loud");
}

function quiet(text) {
  if (!text.classList.contains("loud")) return;
  text.previousElementSibling.remove();
  text.classList.remove("loud");
}

/* Show a wire: its value or null, the words and width of its gradient, and what it carries now. Touch only what changes. */
function showWire(wire, { value, words, width, look, now }) {
  const shown = wire.shown;
  if (shown.value !== value) {
    wire.value.textContent = value ?? "";
    wire.value.classList.toggle("later", value === null);
  }
  if (shown.words !== words) {
    wire.gradient.textContent = words;
    wire.gradient.classList.toggle("later", words === "—");
    if (look === "not finite") loud(wire.gradient);
    else quiet(wire.gradient);
  }
  if (shown.width !== width) for (const stroke of wire.strokes) stroke.style.strokeWidth = stroke.classList.contains("many") ? "" : width;
  const state = `${look.replace(" ", "-")} ${now}`;
  if (shown.state !== state) wire.parts.forEach((part, i) => part.setAttribute("class", `${wire.bases[i]} ${state}${part.classList.contains("lit") ? " lit" : ""}${part.classList.contains("away") ? " away" : ""}`));
  wire.shown = { value, words, width, state };
}

/* The boxes and wires over which the gradient of one box came: all ways to the output that carry one. */
function pathFrom(box, tracks) {
  const boxes = new Set([box]), wires = new Set(), waiting = [box];
  while (waiting.length) {
    const at = waiting.pop();
    tracks.forEach((track, i) => {
      if (track.tail !== at || !track.marks.length) return;
      wires.add(i);
      if (!boxes.has(track.head)) waiting.push(track.head);
      boxes.add(track.head);
    });
  }
  return { boxes, wires };
}
