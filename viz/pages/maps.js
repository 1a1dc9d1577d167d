/* Numbers as colours, bars and histograms. */

const TYPES = { float32: Float32Array, float64: Float64Array, int16: Int16Array, int32: Int32Array };
const unpacked = new WeakMap();

/* The numbers of an array that came as base64, little-endian. */
function numbers(packed) {
  if (!packed) return null;
  if (!unpacked.has(packed)) {
    const letters = atob(packed.base64), bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    unpacked.set(packed, new TYPES[packed.dtype](bytes.buffer));
  }
  return unpacked.get(packed);
}

/* A number in words, whatever it is; fewer digits where there is little room. */
function figure(x, digits = 4) {
  if (x === "Infinity" || x === Infinity) return "∞";
  if (x === "-Infinity" || x === -Infinity) return "−∞";
  if (typeof x === "number" && Number.isNaN(x)) return "NaN";
  return number(typeof x === "number" && digits < 4 ? Number(x.toPrecision(digits)) : x);
}

/* Short enough for a small cell: −0.21, 1e−5. */
function brief(x) {
  const words = figure(x, 2);
  return words.length <= 6 ? words.replace(/^(−?)0\./, "$1.") : figure(x, 1).replace(/e([+−])0/, "e$1");
}

const RAMP = [[245, 147, 34], [232, 234, 235], [8, 119, 189]];

/* The colour of x on the signed scale that ends at ±most, and the ink that reads best on it. */
function signed(x, most) {
  if (!Number.isFinite(x)) return { fill: "#000000", ink: "#F0E442" };
  const share = most > 0 ? Math.min(Math.max(x / most, -1), 1) : 0;
  const end = share < 0 ? RAMP[0] : RAMP[2], part = Math.abs(share);
  const mixed = RAMP[1].map((c, i) => Math.round(c + (end[i] - c) * part));
  const [r, g, b] = mixed.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return { fill: `rgb(${mixed.join(",")})`, ink: (light + 0.05) ** 2 > 0.0525 ? "#000000" : "#FFFFFF" };
}

function mostOf(values) {
  let most = 0;
  for (const x of values) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}

/* What the colours mean: one scale for several maps. */
function scaleOf(most) {
  if (!most) return html("p", { class: "scale" }, "all exactly 0");
  return html("p", { class: "scale" }, figure(-most), html("i", { "aria-hidden": "true" }), figure(most));
}

const CELL = { width: 44, height: 26 }, DOT = 12, MOST_CELLS = 4096, WIDEST = 16;

/* A map of rows × columns numbers; `label` says what it shows; `marked` cells have a border. */
function heatMap(values, rows, columns, most, label, marked = new Set()) {
  if (rows * columns > MOST_CELLS) return pixels(values, rows, columns, most, label);
  const written = columns <= WIDEST, w = written ? CELL.width : DOT, h = written ? CELL.height : DOT;
  const svg = element("svg", { class: "map", role: "img", width: columns * w + 2, height: rows * h + 2, viewBox: `-1 -1 ${columns * w + 2} ${rows * h + 2}` });
  svg.setAttribute("aria-label", label);
  for (let i = 0; i < rows * columns; i++) {
    const x = (i % columns) * w, y = Math.floor(i / columns) * h, look = signed(values[i], most);
    const cell = element("rect", { x, y, width: w - 1, height: h - 1, fill: look.fill });
    cell.append(element("title", {}, figure(values[i])));
    svg.append(cell);
    if (marked.has(i)) svg.append(element("rect", { x: x + 1, y: y + 1, width: w - 3, height: h - 3, fill: "none", stroke: look.ink, "stroke-width": 2, "pointer-events": "none" }));
    if (written) svg.append(element("text", { x: x + w / 2, y: y + h / 2 + 4, "text-anchor": "middle", fill: look.ink, "pointer-events": "none" }, brief(values[i])));
  }
  return svg;
}

function pixels(values, rows, columns, most, label) {
  const canvas = html("canvas", { class: "map", width: columns, height: rows, role: "img", "aria-label": label });
  canvas.style.width = `${columns * Math.max(1, Math.floor(400 / columns))}px`;
  const context = canvas.getContext("2d");
  for (let i = 0; i < rows * columns; i++) {
    context.fillStyle = signed(values[i], most).fill;
    context.fillRect(i % columns, Math.floor(i / columns), 1, 1);
  }
  return canvas;
}

/* A figure with its caption above. */
function captioned(words, ...children) {
  return html("figure", { class: "map" }, html("figcaption", {}, words), ...children);
}

/* One bar per sample; `here` is the sample that the page is about. */
function sampleBars(values, label, colour, here) {
  const width = Math.max(240, Math.min(900, values.length * 9)), height = 84, base = 66, most = mostOf(values);
  const svg = element("svg", { class: "bars", role: "img", width, height, viewBox: `0 0 ${width} ${height}` });
  svg.setAttribute("aria-label", label);
  const step = width / values.length;
  for (let i = 0; i < values.length; i++) {
    const share = most > 0 && Number.isFinite(values[i]) ? values[i] / most : 0, tall = values[i] ? Math.max(1, share * 52) : 0;
    const bar = element("rect", { x: i * step, y: base - tall, width: Math.max(1, step - 1.5), height: tall, fill: colour });
    bar.append(element("title", {}, `sample ${i}: ${figure(values[i])}`));
    svg.append(bar);
    if (i === here) svg.append(element("path", { d: `M${i * step + step / 2 - 0.75} ${base + 3} l-4 7 h8 z`, fill: "var(--ink)" }));
  }
  svg.append(element("line", { x1: 0, x2: width, y1: base + 0.5, y2: base + 0.5, stroke: "var(--line)" }));
  svg.append(element("text", { x: 0, y: 10 }, `most ${figure(most)}`));
  svg.append(element("text", { x: width, y: height - 2, "text-anchor": "end" }, `${values.length} samples`));
  return svg;
}

/* A histogram over [low, high], with a mark at 0, where most kinks are. */
function histogram(counts, low, high, label) {
  const width = 440, height = 110, base = 84, most = Math.max(1, ...counts), step = width / counts.length;
  const svg = element("svg", { class: "bars", role: "img", width, height, viewBox: `0 0 ${width} ${height}` });
  svg.setAttribute("aria-label", label);
  counts.forEach((count, i) => {
    const tall = count ? Math.max(1, (72 * count) / most) : 0;
    const bar = element("rect", { x: i * step, y: base - tall, width: step - 1, height: tall, fill: "var(--value_bar)" });
    bar.append(element("title", {}, `${figure(low + ((high - low) * i) / counts.length)} to ${figure(low + ((high - low) * (i + 1)) / counts.length)}: ${count}`));
    svg.append(bar);
  });
  svg.append(element("line", { x1: 0, x2: width, y1: base + 0.5, y2: base + 0.5, stroke: "var(--line)" }));
  const zero = (width * -low) / (high - low), near = zero < 70 || zero > width - 70;
  svg.append(element("line", { x1: zero, x2: zero, y1: 6, y2: base + 5, stroke: "var(--ink)", "stroke-dasharray": "3 3" }));
  if (!near) svg.append(element("text", { x: zero, y: height - 8, "text-anchor": "middle" }, "0"));
  svg.append(element("text", { x: 0, y: height - 8 }, figure(low)));
  svg.append(element("text", { x: width, y: height - 8, "text-anchor": "end" }, figure(high)));
  return svg;
}

/* Buttons in a grid, one stop of Tab for all: the arrows move inside. */
function picker(columns, label, items) {
  const wide = columns <= WIDEST && items.some((item) => item.words);
  const grid = html("div", { class: `pick${wide ? " wide" : ""}`, role: "group", "aria-label": label });
  grid.style.gridTemplateColumns = `repeat(${columns}, auto)`;
  const buttons = items.map((item) => {
    const button = html("button", { type: "button", "aria-label": item.label, title: item.label, class: item.kind ?? null, disabled: item.disabled ?? false }, wide || item.kind ? item.words : "");
    button.tabIndex = -1;
    if (item.fill) { button.style.background = item.fill; button.style.color = item.ink; }
    button.addEventListener("click", item.act);
    return button;
  });
  const first = buttons.find((button) => !button.disabled);
  if (first) first.tabIndex = 0;
  grid.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const at = buttons.indexOf(event.target);
    let next = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : at + (moves[event.key] ?? 0);
    if (at < 0 || next === at || !buttons[next]) return;
    const towards = next > at ? 1 : -1;
    while (buttons[next]?.disabled) next += towards;
    if (!buttons[next]) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    buttons[next].tabIndex = 0;
    buttons[next].focus();
  });
  grid.append(...buttons);
  return grid;
}
