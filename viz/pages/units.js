/* When each unit died, starved or saturated: one row per unit over the steps. */
const STATES = ["dead", "starved", "saturated"];
const MOST_ROWS = 96;

/* Whether nearly all that happens to the units of all layers begins in the first tenth: then steps stand on a log axis. */
function isEarly(lives, first, last) {
  const begun = lives.flatMap((layer) => layer.spells.map(([, , since]) => since));
  return last - first > 20 && begun.length > 0 && begun.filter((step) => step - first < (last - first) / 10).length > 0.8 * begun.length;
}

/* Steps to write on a log axis: 0, 1, 2, 5, 10, 20, 50 ... after the first. */
function earlyTicks(first, last) {
  const found = [first];
  for (let power = 1; power <= last - first; power *= 10) for (const m of [1, 2, 5]) if (m * power <= last - first) found.push(first + m * power);
  return found;
}

/* Draw the units of one layer; `when` says a step in words, `seek` jumps to it; `early` chooses the log axis. */
function raster(layer, first, last, width, when, seek, early) {
  const left = 52, right = 12, top = 4, bottom = 20;
  const order = rowsOf(layer, last);
  const row = Math.max(Math.min(Math.floor(MOST_ROWS / layer.units), 10), MOST_ROWS / layer.units), deep = row * layer.units;
  const height = top + deep + bottom, gap = row > 3 ? 1 : 0;
  const along = early ? (n) => Math.log1p(n) : (n) => n, back = early ? (n) => Math.expm1(n) : (n) => n;
  const x = (step) => left + (along(step - first) / along(last + 1 - first)) * (width - left - right);
  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.appendChild(document.createElement("strong")).textContent = layer.layer;
  const readout = caption.appendChild(document.createElement("output"));
  const svg = figure.appendChild(element("svg", { class: "chart raster", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${layer.layer}: ${layer.summary}` }));
  svg.append(element("rect", { class: "active", x: left, y: top, width: width - left - right, height: deep }));
  const places = new Map(order.map((unit, i) => [unit, top + i * row]));
  const spells = [...layer.spells].sort((a, b) => b[1] - a[1]); // dead above starved: a dead unit receives nothing either
  for (const [unit, state, since, until] of spells) {
    const end = until < 0 ? last + 1 : until;
    if (end <= first) continue;
    const begin = x(Math.max(since, first));
    svg.append(element("rect", { class: STATES[state], x: begin.toFixed(1), y: places.get(unit).toFixed(1), width: Math.max(x(end) - begin, 1).toFixed(1), height: Math.max(row - gap, 0.5).toFixed(2) }));
  }
  svg.append(element("text", { x: left - 6, y: top + 10, "text-anchor": "end" }, order.length > 1 ? `${order.length} units` : "1 unit"));
  for (const s of early ? earlyTicks(first, last) : ticks(first, last, width / 90).filter(Number.isInteger))
    svg.append(element("text", { x: x(s + 0.5), y: height - 5, "text-anchor": "middle" }, s === first ? `step ${s}` : String(s)));
  const cursor = svg.appendChild(element("line", { class: "cursor", y1: top, y2: top + deep }));
  const at = (event) => {
    const box = svg.getBoundingClientRect(), px = ((event.clientX - box.left) / box.width) * width, py = ((event.clientY - box.top) / box.height) * height;
    const step = Math.floor(first + back(((px - left) / (width - left - right)) * along(last + 1 - first)));
    return [Math.min(Math.max(step, first), last), order[Math.min(Math.max(Math.floor((py - top) / row), 0), order.length - 1)]];
  };
  svg.addEventListener("pointermove", (event) => {
    const [step, unit] = at(event);
    const spell = spells.findLast(([u, , since, until]) => u === unit && since <= step && (until < 0 || step < until));
    const until = spell && spell[3] >= 0 ? ` until ${when(spell[3])}` : "";
    readout.textContent = spell ? `unit ${unit}: ${STATES[spell[1]]} since ${when(spell[2])}${until}` : `unit ${unit}: alive at ${when(step)}`;
  });
  svg.addEventListener("click", (event) => seek(at(event)[0]));
  return { figure, mark: (step) => { for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(step + 0.5).toFixed(1)); } };
}

/* Few units stand in their own order; many by when they fell, so that the edge shows how fast. */
function rowsOf(layer, last) {
  const units = [...Array(layer.units).keys()];
  if (layer.units <= MOST_ROWS / 3) return units;
  const fell = new Map(units.map((unit) => [unit, Infinity]));
  for (const [unit, , since, until] of layer.spells) if (until < 0) fell.set(unit, Math.min(fell.get(unit), since));
  return units.sort((a, b) => fell.get(a) - fell.get(b) || a - b);
}
