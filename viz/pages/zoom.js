/* From the layers of a network down to single scalar gates. The address says where one is:
   #conv1, #conv1/unit/3, #conv1/unit/3/element/3,2,5. */
const view = document.getElementById("view"), network = document.getElementById("network"), gatesSection = document.getElementById("gates");
const sectionOf = new Map(data.sections.map((section) => [section.key, section]));
const MARKS = { ok: "✓", warning: "!", critical: "✕" };
const STATES = { active: "✓", dead: "✕", silent: "○", starved: "!", saturated: "≈" };
const MEANING = { active: "active", dead: "dead on all samples", silent: "silent on the last batch", starved: "active, but its gradient is exactly 0", saturated: "saturated" };
const MOST_BUTTONS = 4096, MOST_MAPS = 64;

/* Addresses. */
function address(place) {
  let words = `#${encodeURIComponent(place.section)}`;
  if (place.unit !== undefined) words += `/unit/${place.unit}`;
  if (place.element) words += `/element/${place.element.join(",")}`;
  return words;
}

function placeOf(hash) {
  const [first, ...rest] = hash.replace(/^#/, "").split("/");
  if (!first) return {};
  let name;
  try { name = decodeURIComponent(first); } catch { return {}; }
  if (!sectionOf.has(name)) {
    /* an address written by hand, with the slashes of the layer's name as they are */
    const found = /^(.*?)((?:\/unit\/\d+)?(?:\/element\/[\d,]+)?)$/.exec(safely(hash.slice(1)));
    if (!found || !sectionOf.has(found[1])) return {};
    return placeOf(`#${encodeURIComponent(found[1])}${found[2]}`);
  }
  const place = { section: name };
  for (let i = 0; i + 1 < rest.length; i += 2) {
    if (rest[i] === "unit" && /^\d+$/.test(rest[i + 1])) place.unit = Number(rest[i + 1]);
    if (rest[i] === "element" && /^\d+(,\d+)*$/.test(rest[i + 1])) place.element = rest[i + 1].split(",").map(Number);
  }
  const section = sectionOf.get(name);
  if (place.unit !== undefined && !(place.unit < (section.units?.states.length ?? 0))) return { section: name };
  if (place.element && !holds(section, place.element)) delete place.element;
  return place;
}

function safely(words) {
  try { return decodeURIComponent(words); } catch { return words; }
}

function holds(section, index) {
  const shape = section.value?.shape;
  return Boolean(shape) && index.length === shape.length && index.every((i, axis) => i < shape[axis]);
}

function above(place) {
  if (place.element) return place.unit === undefined ? { section: place.section } : { section: place.section, unit: place.unit };
  if (place.unit !== undefined) return { section: place.section };
  return {};
}

function go(place) {
  goTo(place.section === undefined ? "" : address(place));
}

/* Show a place at once: the browser tells of a new address only later, and a key pressed in between would go to what was there before. */
function goTo(hash) {
  location.hash = hash;
  showNew();
}

function showNew() {
  if (location.hash !== show.hash) show();
}

/* What stands in each level. */
function block(title, ...children) {
  const id = `part${view.childElementCount}-${block.count++}`;
  return html("section", { "aria-labelledby": id }, html("h2", { id }, title), ...children);
}
block.count = 0;

function note(words) {
  return html("p", { class: "note" }, words);
}

function badge(status, words) {
  return html("span", { class: `badge ${status}` }, `${MARKS[status]} ${words}`);
}

function headline(title, ...beside) {
  return html("div", { class: "headline" }, html("h2", { id: "here", tabindex: "-1" }, title), ...beside);
}

function facts(pairs) {
  return html("dl", { class: "about" }, ...pairs.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
}

function neighbours(label, links) {
  return html("p", { class: "steps" }, ...links.filter((link) => link[1]).map(([words, place]) => html("a", { href: address(place) }, words)));
}

/* One layer. */
function showSection(section) {
  const head = html("section", { "aria-labelledby": "here" }, headline(section.name, section.verdict ? badge(section.status, section.verdict) : ""), note(section.kind), facts(section.facts));
  if (section.remarks.length) head.append(html("ul", { class: "findings" }, ...section.remarks.map(remark)));
  view.append(head);
  if (section.units) view.append(unitGrid(section));
  else if (section.elements_note && !section.units) view.append(block("Units", note(section.elements_note)));
  gatesSection.hidden = false;
  document.getElementById("gates-title").textContent = `Tensor gates of ${section.name}`;
  document.getElementById("gates-note").textContent = section.gates_note || "Each wire: shape, RMS of the value above, RMS of the gradient it carries back below.";
  for (const frame of gatesSection.querySelectorAll(".gates")) frame.hidden = frame.id !== section.picture;
}

function remark(finding) {
  return html("li", {}, badge(finding.severity, finding.words), html("p", {}, finding.evidence), html("p", {}, `Likely cause: ${finding.cause}`), html("p", {}, `Remedy: ${finding.remedy}`));
}

function unitGrid(section) {
  const states = section.units.states, columns = Math.min(16, states.length);
  const kind = section.value && section.value.shape.length === 3 ? "channel" : "unit";
  const items = states.map((state, unit) => ({
    words: state ? `${STATES[state]} ${unit}` : String(unit), kind: state || "plain", label: `${kind} ${unit}${state ? `: ${MEANING[state]}` : ""}`,
    act: () => go({ section: section.key, unit }),
  }));
  const shown = items.slice(0, MOST_BUTTONS), grid = picker(columns, `Units of ${section.name}`, shown);
  grid.classList.add("units");
  const counted = Object.keys(STATES).filter((state) => states.includes(state)).map((state) => `${STATES[state]} ${MEANING[state]}: ${states.filter((x) => x === state).length}`);
  const made = block("Units", note(states.some(Boolean) ? "Choose one to see its weights and gradients." : "No activation here, so no unit can be dead. Choose one to see its weights and gradients."), html("div", { class: "scroll" }, grid));
  made.append(html("p", { class: "keys" }, ...counted.map((words) => html("span", {}, words))));
  if (items.length > shown.length) made.append(note(`The first ${shown.length} of ${items.length} units; the others by address, such as ${address({ section: section.key, unit: shown.length })}.`));
  return made;
}

/* One unit. */
function showUnit(section, unit) {
  const units = section.units, state = units.states[unit];
  const status = { dead: "critical", starved: "warning", saturated: "warning" }[state] ?? "ok";
  const beside = state ? html("span", { class: `badge ${status}` }, `${STATES[state]} ${state}`) : "";
  const head = html("section", { "aria-labelledby": "here" }, headline(`Unit ${unit} of ${section.name}`, beside), html("p", { class: "reason" }, units.reasons[unit]), extremes(units, unit));
  head.append(neighbours("Other units", [["← previous unit", unit > 0 && { section: section.key, unit: unit - 1 }], ["next unit →", unit + 1 < units.states.length && { section: section.key, unit: unit + 1 }], ...nextAlike(section, unit)]));
  const pair = html("div", { class: "pair" }, html("div", { class: "column" }, elementsOfUnit(section, unit), overBatch(units, unit)), gradientsOf(units, unit));
  view.append(head, pair, weightsOf(section, unit));
}

function nextAlike(section, unit) {
  const state = section.units.states[unit], next = section.units.states.findIndex((other, i) => i > unit && other === state && state !== "active" && state);
  return next > unit + 1 ? [[`next ${state} unit →`, { section: section.key, unit: next }]] : [];
}

function extremes(units, unit) {
  const at = (found, key) => figure(numbers(found[key])[unit]);
  const row = (title, found) => [title, at(found, "lowest") === at(found, "highest") ? `${at(found, "lowest")} on all samples` : `${at(found, "lowest")} (sample ${numbers(found.lowest_sample)[unit]}) to ${at(found, "highest")} (sample ${numbers(found.highest_sample)[unit]}), mean ${at(found, "mean")}`];
  return facts(units.activation ? [row("pre-activation", units.before), row(`behind ${units.activation}`, units.after)] : [row("value", units.after)]);
}

/* The elements of a unit on the chosen sample, as places in its output. */
function elementsOfUnit(section, unit) {
  const shape = section.value.shape, axis = section.units.axis, inner = shape.filter((_, i) => i !== axis);
  const columns = inner.length ? inner[inner.length - 1] : 1, count = inner.reduce((a, b) => a * b, 1);
  const made = block(`Output on sample ${data.sample}`);
  if (!section.elements) {
    made.append(note(`No single elements: ${section.elements_note}`));
    if (count <= MOST_CELLS || inner.length) made.append(plainMap(section, unit, inner));
    return made;
  }
  const places = new Set(numbers(section.elements.places)), all = Array.from({ length: count }, (_, i) => fullIndex(i, inner, axis, unit));
  const value = numbers(section.value), values = all.map((index) => value[ravel(index, shape)]), most = mostOf(values);
  made.append(note(`Choose an element to see the scalar gates that made it.${section.elements_note ? ` ${section.elements_note}.` : ""}`), scaleOf(most));
  const items = all.map((index, i) => ({ ...signed(values[i], most), words: brief(values[i]), label: `element (${index.join(", ")}): ${figure(values[i])}`, disabled: !places.has(ravel(index, shape)), act: () => go({ section: section.key, unit, element: index }) }));
  if (count > MOST_BUTTONS) made.append(byIndex(section, unit, inner, axis));
  else made.append(html("div", { class: "scroll" }, picker(columns, `Elements of unit ${unit}`, items)));
  return made;
}

function plainMap(section, unit, inner) {
  const shape = section.value.shape, columns = inner.length ? inner[inner.length - 1] : 1, count = inner.reduce((a, b) => a * b, 1);
  const value = numbers(section.value), values = Array.from({ length: count }, (_, i) => value[ravel(fullIndex(i, inner, section.units.axis, unit), shape)]), most = mostOf(values);
  return html("div", {}, scaleOf(most), html("div", { class: "scroll" }, heatMap(values, count / columns, columns, most, `Output of unit ${unit}`)));
}

function fullIndex(place, inner, axis, unit) {
  const index = unravel(place, inner);
  index.splice(axis, 0, unit);
  return index;
}

/* For large outputs: type the place. */
function byIndex(section, unit, inner, axis) {
  const fields = inner.map((size, i) => html("input", { type: "number", min: 0, max: size - 1, value: 0, "aria-label": `place on axis ${i}` }));
  const button = html("button", { type: "submit" }, "Open"), form = html("form", { class: "steps" }, ...fields, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const index = fields.map((field) => Number(field.value));
    index.splice(axis, 0, unit);
    go({ section: section.key, unit, element: index });
  });
  return form;
}

/* Weights, and beside them their gradients, each as one map per input channel. */
function weightsOf(section, unit) {
  const made = block("Weights, and the gradients of the loss on them");
  if (!section.units.parameters.length) made.append(note("This unit has no weights of its own."));
  for (const parameter of section.units.parameters) {
    const [channels, rows, columns] = parameter.image, size = channels * rows * columns;
    const weights = numbers(parameter.value).subarray(unit * size, (unit + 1) * size);
    const gradients = parameter.gradient ? numbers(parameter.gradient).subarray(unit * size, (unit + 1) * size) : null;
    made.append(html("h3", {}, parameter.name));
    if (size === 1) {
      made.append(html("p", {}, html("b", { class: "value" }, figure(weights[0])), "  gradient ", html("b", { class: "gradient" }, gradients ? figure(gradients[0]) : "—")));
      continue;
    }
    made.append(html("div", { class: "pair" }, maps(weights, channels, rows, columns, "weights"), gradients ? maps(gradients, channels, rows, columns, "gradients") : note("No gradient arrived.")));
  }
  return made;
}

function maps(values, channels, rows, columns, what) {
  const most = mostOf(values), flat = channels === 1 && rows === 1, size = rows * columns;
  const box = html("div", { class: "maps" }), many = flat ? 1 : channels;
  const draw = (from, to) => {
    for (let c = from; c < to; c++) {
      const own = flat ? values : values.subarray(c * size, (c + 1) * size), across = flat ? Math.min(16, columns) : columns, words = many > 1 ? `${what}, input channel ${c}` : what;
      const padded = flat && size > across && size % across ? null : own;
      box.append(captioned(many > 1 ? `channel ${c}` : `${size} numbers`, padded ? heatMap(padded, Math.ceil(size / across), across, most, words) : ragged(own, across, most, words)));
    }
  };
  draw(0, Math.min(many, MOST_MAPS));
  const wrapped = html("div", {}, html("p", { class: what === "weights" ? "value" : "gradient" }, html("b", {}, what)), scaleOf(most), box);
  if (many > MOST_MAPS) {
    const button = html("button", { type: "button" }, `Show all ${many} channels`);
    button.addEventListener("click", () => { draw(MOST_MAPS, many); button.remove(); });
    wrapped.append(button);
  }
  return wrapped;
}

/* A strip whose last row is not full. */
function ragged(values, columns, most, label) {
  const full = Math.floor(values.length / columns) * columns;
  return html("div", {}, heatMap(values.subarray(0, full), full / columns, columns, most, label), heatMap(values.subarray(full), 1, values.length - full, most, `${label}, the last`));
}

function gradientsOf(units, unit) {
  const made = block("Incoming gradient, sample by sample"), count = units.states.length;
  if (!units.arriving) { made.append(note("No gradient reaches this layer.")); return made; }
  const column = (packed) => Array.from({ length: packed.shape[0] }, (_, i) => numbers(packed)[i * count + unit]);
  const add = (title, values, colour) => {
    const none = values.filter((x) => x === 0).length, words = none ? `${title}: exactly 0 on ${none} of ${values.length} samples` : `${title}: not 0 on any sample`;
    made.append(captioned(`${words}, RMS over positions`, sampleBars(values, `${words}, at most ${figure(mostOf(values))}`, colour, data.sample)));
  };
  const arriving = column(units.arriving);
  add("Arrives at the unit", arriving, "var(--gradient_bar)");
  if (units.passing) add(`Goes through ${units.activation}`, column(units.passing), "var(--gradient_bar)");
  made.append(note(`The pointer marks sample ${data.sample}.`));
  return made;
}

function overBatch(units, unit) {
  const bins = units.histogram.shape[1], counts = [...numbers(units.histogram).subarray(unit * bins, (unit + 1) * bins)];
  const [low, high] = numbers(units.ends).subarray(2 * unit, 2 * unit + 2);
  const what = units.activation ? "Pre-activation" : "Value";
  return block(`${what} over the batch`, note("Every position of every sample; the dashed line is 0."), histogram(counts, low, high, `${what}: histogram of ${counts.reduce((a, b) => a + b, 0)} numbers from ${figure(low)} to ${figure(high)}`));
}

/* One element. */
function linkTo(operand) {
  const section = operand?.section ? sectionOf.get(operand.section) : null;
  if (!section?.elements || !section.units || !numbers(section.elements.places).includes(operand.place)) return null;
  const index = unravel(operand.place, section.value.shape);
  return address({ section: section.key, unit: index[section.units.axis], element: index });
}

function showElement(section, place) {
  const at = ravel(place.element, section.value.shape), words = `(${place.element.join(", ")})`;
  const made = section.elements ? elementOf(section.elements, at) : null;
  const gradient = section.gradient ? numbers(section.gradient)[at] : null;
  const head = html("section", { "aria-labelledby": "here" }, headline(`Element ${words} of ${section.name}`), facts([["value", figure(numbers(section.value)[at])], ["gradient of the loss on it", figure(gradient)], ["sample", String(data.sample)]]));
  view.append(head);
  if (!made) { head.append(note(`Its scalar gates are not in this page: ${section.elements_note}`)); return; }
  if (made.fold || made.steps.length) head.append(formula(made));
  const drawn = html("div", { class: "picture", role: "group", tabindex: "0", "aria-label": "Scalar gates" }, elementCircuit(made, `${section.name} ${words}: ${spoken(made)}`, linkTo));
  view.append(block("Scalar gates", note(legendOf(made)), drawn));
  view.append(windowOf(section, made));
  view.append(block(made.terms.length === 1 ? "The only term" : `All ${made.terms.length} terms`, ...termTable(made, linkTo)));
}

/* Only the signs that this circuit uses. */
function legendOf(made) {
  const operands = [...made.terms.flatMap((term) => [term.left, term.right]), ...made.steps.map((step) => step.operand)], words = ["Value above each wire, gradient below; the wire is as wide as the log of its gradient, dashed where that is exactly 0."];
  if (operands.some((operand) => operand?.role === "parameter")) words.push("Bold boxes are trained.");
  if (operands.some((operand) => operand?.role === "padding")) words.push("Dashed boxes are the window's padding.");
  if (operands.some(linkTo)) words.push("Underlined inputs open their own gates.");
  return words.join(" ");
}

function spoken(made) {
  const words = made.fold ? `${made.fold === "max" ? "maximum" : "sum"} of ${made.terms.length} terms is ${figure(made.folded)}` : `value ${figure(made.folded)}`;
  return [words, ...made.steps.map((step) => `${step.words}${step.operand ? ` ${step.operand.name} ${figure(step.operand.value)}` : ""} gives ${figure(step.value)}`)].join("; ");
}

/* The same in one line. */
function formula(made) {
  const line = html("p", { class: "formula" }, made.fold ? `${made.fold} of ${made.terms.length} = ` : "", html("b", { class: "value" }, figure(made.folded)));
  for (const step of made.steps) line.append(`  →  ${step.words}${step.operand ? ` (${figure(step.operand.value)})` : ""}  =  `, html("b", { class: "value" }, figure(step.value)));
  return line;
}

/* Where the window lies in the input: its channels as maps, with the window's places framed. */
function windowOf(section, made) {
  const inputs = made.terms.map((term) => term.left).filter((operand) => operand?.role === "input" && operand.source.shape.length === 3);
  if (!inputs.length) return "";
  const source = inputs[0].source, [channels, rows, columns] = source.shape, size = rows * columns, values = numbers(source.values), most = mostOf(values);
  const marked = new Map();
  for (const operand of inputs) {
    if (operand.source !== source) continue;
    const channel = Math.floor(operand.at / size);
    if (!marked.has(channel)) marked.set(channel, new Set());
    marked.get(channel).add(operand.at % size);
  }
  const shown = [...marked.keys()].slice(0, 8), box = html("div", { class: "maps" });
  for (const c of shown) box.append(captioned(`${source.name}, channel ${c}`, heatMap(values.subarray(c * size, (c + 1) * size), rows, columns, most, `${source.name}, channel ${c}: the window is framed`, marked.get(c))));
  return block("The window in the input", note(shown.length < marked.size ? `The first ${shown.length} of ${marked.size} channels.` : `${channels === 1 ? "One channel" : `${shown.length} of ${channels} channels`}; the window's elements are framed.`), scaleOf(most), box);
}

/* Going about. */
function show() {
  show.hash = location.hash;
  const place = placeOf(show.hash), section = sectionOf.get(place.section);
  view.replaceChildren();
  network.hidden = Boolean(section);
  gatesSection.hidden = true;
  if (section && place.element) showElement(section, place);
  else if (section && place.unit !== undefined) showUnit(section, place.unit);
  else if (section) showSection(section);
  crumbs(place, section);
  if (show.ready) {
    (document.getElementById("here") ?? document.getElementById("network-title")).focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  show.ready = true;
}

function crumbs(place, section) {
  const steps = [["network", {}]];
  if (section) steps.push([section.name, { section: section.key }]);
  if (place.unit !== undefined) steps.push([`unit ${place.unit}`, { section: section.key, unit: place.unit }]);
  if (place.element) steps.push([`element (${place.element.join(", ")})`, place]);
  const items = steps.map(([words, to], i) => html("li", {}, i + 1 < steps.length ? html("a", { href: to.section === undefined ? "#" : address(to) }, words) : html("span", { "aria-current": "page" }, words)));
  document.getElementById("crumbs").replaceChildren(...items);
  document.title = [data.title, ...steps.slice(1).map(([words]) => words)].join(" › ");
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || (event.target.matches("input") && event.target.value)) return;
  const place = placeOf(location.hash);
  if (place.section === undefined) return;
  event.preventDefault();
  go(above(place));
});

/* In a notebook the page is a frame without an address of its own: there a link would leave it, the hash does not. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a"), hash = link?.getAttribute("href");
  if (!hash?.startsWith("#") || link.classList.contains("skip") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  goTo(hash);
});

/* Cards are links: by mouse and by keyboard. */
for (const section of data.sections) {
  const card = document.getElementById(section.card);
  if (!card) continue;
  card.classList.add("card");
  card.setAttribute("role", "link");
  card.setAttribute("tabindex", "0");
  card.setAttribute("aria-label", `${section.name}: ${section.verdict || section.kind}`);
  card.addEventListener("click", () => go({ section: section.key }));
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go({ section: section.key });
  });
}

/* The same as a table, for those who read rather than look. */
if (data.sections.length) {
  const row = (section) => html("tr", {}, html("th", { scope: "row" }, html("a", { href: address({ section: section.key }) }, section.name)), html("td", {}, section.kind), html("td", {}, section.verdict ? `${MARKS[section.status]} ${section.verdict}` : ""), html("td", {}, Object.fromEntries(section.facts).units ?? ""));
  const heads = html("tr", {}, ...["layer", "kind", "verdict", "units"].map((words) => html("th", { scope: "col" }, words)));
  document.getElementById("layers").append(html("h3", {}, "Layers"), html("div", { class: "scroll", role: "group", "aria-label": "Layers", tabindex: "0" }, html("table", {}, html("thead", {}, heads), html("tbody", {}, ...data.sections.map(row)))));
} else {
  document.getElementById("network-title").textContent = "Gates";
  document.getElementById("network-note").textContent = "This loss has no layers: here is every gate, with value above and gradient below each wire.";
}

window.addEventListener("hashchange", showNew);
show();
