/* The scalar gates of one element: terms, what folds them, and the gates behind, with the engine's numbers. */

const NONE = -1, FIRST_CONSTANT = -2;

/* Read one element out of the columns of a section. */
function elementOf(elements, place) {
  const places = numbers(elements.places), at = places.indexOf(place);
  if (at < 0) return null;
  const starts = numbers(elements.starts), form = elements.forms[numbers(elements.form)[at]], known = elements.has_gradients;
  const gradient = (column, i) => (known ? numbers(elements[column])[i] : null);
  const terms = [];
  for (let i = starts[at]; i < starts[at + 1]; i++) {
    const left = operandOf(elements, numbers(elements.left)[i]), right = operandOf(elements, numbers(elements.right)[i]);
    const sent = (operand, column) => (operand && isNode(operand) ? gradient(column, i) : null);
    terms.push({ left, right, value: numbers(elements.values)[i], gradient: gradient("gradients", i), leftGradient: sent(left, "left_gradients"), rightGradient: sent(right, "right_gradients") });
  }
  const most = elements.step_values.shape[1] ?? 0;
  const steps = form.steps.map((words, k) => {
    const here = at * most + k, operand = operandOf(elements, numbers(elements.step_operands)[here]), taught = operand && isNode(operand);
    return { words, value: numbers(elements.step_values)[here], gradient: gradient("step_gradients", here), operand, operandGradient: taught ? gradient("step_operand_gradients", here) : null };
  });
  return { fold: form.fold, terms, folded: numbers(elements.folded)[at], foldedGradient: gradient("folded_gradient", at), steps };
}

/* What an operand's number stands for: an element of a source, or a plain number. */
function operandOf(elements, code) {
  if (code === NONE) return null;
  if (code <= FIRST_CONSTANT) {
    const value = elements.constants[FIRST_CONSTANT - code];
    return { role: elements.constant_name, name: elements.constant_name, value: typeof value === "string" ? Number(value) : value };
  }
  let at = code;
  for (const source of elements.sources) {
    const size = source.shape.reduce((a, b) => a * b, 1);
    if (at < size) {
      const index = unravel(at, source.shape);
      return { role: source.role, name: source.shape.length ? `${source.name}[${index.join(",")}]` : source.name, value: numbers(source.values)[at], section: source.section, place: source.first + at, at, source };
    }
    at -= size;
  }
  return null;
}

/* Whether an operand has a gradient: padding, a dropout mask and other plain numbers have none. */
function isNode(operand) {
  return operand.role === "input" || operand.role === "parameter";
}

function unravel(place, shape) {
  const index = [];
  for (const size of [...shape].reverse()) { index.unshift(place % size); place = Math.floor(place / size); }
  return index;
}

function ravel(index, shape) {
  return index.reduce((place, i, axis) => place * shape[axis] + i, 0);
}

/* The width of a wire: linear in log10 of its gradient over 1e−8 to 1e1, as in every picture. */
function wireWidth(gradient) {
  if (gradient === null || gradient === 0) return 1;
  if (!Number.isFinite(gradient)) return 6;
  const share = (Math.min(Math.max(Math.log10(Math.abs(gradient)), -8), 1) + 8) / 9;
  return 0.5 + share * 5.5;
}

function wireKind(gradient) {
  if (gradient === null) return "none";
  if (gradient === 0) return "zero";
  return Number.isFinite(gradient) ? "" : "broken";
}

const FEW_TERMS = 40;
const BOX = { width: 150, height: 26 }, ROW = 48, RADIUS = 17, LABEL = 92;

/* The circuit of an element. `linked(operand)` gives the address of the element that an operand is. */
function elementCircuit(made, title, linked) {
  const svg = element("svg", { class: "circuit", role: "img" });
  svg.setAttribute("aria-label", title);
  const wires = element("g"), shapes = element("g");
  svg.append(wires, shapes);
  const wire = (x1, y1, x2, y2, value, gradient, many = false, level = x1 + LABEL) => {
    const bend = x2 - level > 8 && y1 !== y2;
    const path = bend ? `M${x1} ${y1} H${level} C${(level + x2) / 2} ${y1} ${(level + x2) / 2} ${y2} ${x2} ${y2}` : `M${x1} ${y1} L${x2} ${y2}`;
    for (const shift of many ? [-3.5, 0, 3.5] : [0]) wires.append(element("path", { d: path, class: `wire ${wireKind(gradient)}`, "stroke-width": many ? 1.5 : wireWidth(gradient), transform: `translate(0 ${shift})` }));
    const x = x1 + LABEL / 2 + 2, off = many ? 8 : wireWidth(gradient) / 2 + 4;
    shapes.append(element("text", { x, y: y1 - off, class: "value" }, figure(value)));
    shapes.append(element("text", { x, y: y1 + off + 9, class: "gradient" }, figure(gradient)));
  };
  const gate = (x, y, words) => {
    shapes.append(element("circle", { cx: x, cy: y, r: RADIUS, class: "gate box" }), element("text", { x, y: y + 5, style: `font-size:${words.length > 4 ? 9.5 : words.length > 3 ? 10 : words.length > 2 ? 12.5 : 16}px` }, words));
  };
  const operand = (y, what, value, gradient, x2, y2, level) => {
    const shape = what.role === "input" ? element("path", { class: "input box", d: `M10 ${y - BOX.height / 2} H${BOX.width} L${BOX.width - 10} ${y + BOX.height / 2} H0 Z` })
      : element("rect", { class: `${what.role} box`, x: 0, y: y - BOX.height / 2, width: BOX.width, height: BOX.height });
    const words = what.role === "padding" ? `padding ${figure(what.value)}` : what.role === "number" ? figure(what.value) : what.name;
    const text = element("text", { x: BOX.width / 2, y: y + 4, class: "name" }, cut(words, 22)), address = linked(what);
    shape.append(element("title", {}, words));
    if (address) {
      const link = element("a", { href: address });
      link.setAttribute("aria-label", `${words}: its own gates`);
      link.append(shape, text);
      shapes.append(link);
      svg.setAttribute("role", "group");
    } else shapes.append(shape, text);
    wire(BOX.width - (what.role === "input" ? 5 : 0), y, x2, y2, value, gradient, false, level);
  };

  const rows = shownTerms(made.terms), products = made.terms.some((term) => term.left && term.right);
  const atProduct = BOX.width + LABEL + 50, atFold = products ? atProduct + LABEL + 100 : BOX.width + LABEL + 100;
  const high = rows.reduce((sum, row) => sum + (row.length ? 1.5 : row.left && row.right ? 2 : 1), 0) * ROW;
  const middle = Math.max(high / 2, ROW / 2) + 8;
  let y = ROW / 2 + 8;
  const far = products ? atProduct + RADIUS + LABEL : undefined, folds = made.fold !== "", end = folds ? atFold - RADIUS : null;
  for (const row of rows) {
    if (Array.isArray(row)) {
      const centre = y + ROW / 4, values = row.map((term) => term.value), gradients = row.map((term) => term.gradient);
      const together = made.fold === "max" ? Math.max(...values) : values.reduce((a, b) => a + b, 0);
      shapes.append(element("rect", { class: "box", x: 0, y: centre - 22, width: BOX.width + 20, height: 44, rx: 3 }));
      shapes.append(element("text", { x: BOX.width / 2 + 10, y: centre - 4, class: "name" }, `+ ${row.length} more ${products ? "products" : "terms"}`));
      shapes.append(element("text", { x: BOX.width / 2 + 10, y: centre + 12, class: "small" }, `${made.fold === "max" ? "largest" : "together"} ${figure(together)}`));
      const same = gradients.every((g) => g === gradients[0]);
      wire(BOX.width + 20, centre, end, middle, together, same ? gradients[0] : mostOf(gradients), true, far);
      y += 1.5 * ROW;
    } else if (row.left && row.right) {
      operand(y, row.left, row.left.value, row.leftGradient, atProduct - RADIUS, y + ROW / 2);
      operand(y + ROW, row.right, row.right.value, row.rightGradient, atProduct - RADIUS, y + ROW / 2);
      gate(atProduct, y + ROW / 2, "×");
      wire(atProduct + RADIUS, y + ROW / 2, folds ? end : atProduct + RADIUS + LABEL, folds ? middle : y + ROW / 2, row.value, row.gradient);
      y += 2 * ROW;
    } else {
      const only = row.left ?? row.right;
      operand(y, only, row.value, isNode(only) ? row.gradient : null, folds ? end : BOX.width + LABEL, folds ? middle : y, far);
      y += ROW;
    }
  }
  let x = folds ? atFold : products ? atProduct + LABEL + RADIUS : BOX.width + LABEL;
  if (folds) { gate(x, middle, made.fold); x += RADIUS; }
  let value = made.folded, gradient = made.foldedGradient, low = 0;
  for (const step of made.steps) {
    if (folds || step !== made.steps[0]) wire(x, middle, x + LABEL + 8, middle, value, gradient);
    x += (folds || step !== made.steps[0] ? LABEL + 8 : 0) + RADIUS;
    if (step.operand) low = Math.max(low, below(shapes, wires, x, middle, step));
    gate(x, middle, step.words);
    x += RADIUS;
    value = step.value;
    gradient = step.gradient;
  }
  if (folds || made.steps.length) wire(x, middle, x + LABEL + 8, middle, value, gradient);
  x += folds || made.steps.length ? LABEL + 8 : 0;
  for (const edge of [0, 4]) shapes.append(element("rect", { class: "box", x: x + edge, y: middle - 17 + edge, width: 92 - 2 * edge, height: 34 - 2 * edge }));
  shapes.append(element("text", { x: x + 46, y: middle + 4, class: "name" }, "element"));
  const width = x + 96, height = Math.max(y, middle + low) + 4;
  for (const [key, size] of Object.entries({ width: width + 8, height: height + 8, viewBox: `-4 -4 ${width + 8} ${height + 8}` })) svg.setAttribute(key, size);
  return svg;
}

/* The second operand of a gate behind the fold stands under it. Returns how far down it reaches. */
function below(shapes, wires, x, middle, step) {
  const top = middle + 74, width = 116;
  wires.append(element("path", { d: `M${x} ${top} V${middle + RADIUS}`, class: `wire ${wireKind(step.operandGradient)}`, "stroke-width": wireWidth(step.operandGradient) }));
  shapes.append(element("rect", { class: `${step.operand.role} box`, x: x - width / 2, y: top, width, height: BOX.height }));
  shapes.append(element("text", { x, y: top + 17, class: "name" }, cut(step.operand.name, 17)));
  shapes.append(element("text", { x: x - 34, y: middle + 50, class: "value" }, figure(step.operand.value)));
  shapes.append(element("text", { x: x + 38, y: middle + 50, class: "gradient" }, figure(step.operandGradient)));
  return 74 + BOX.height;
}

/* All terms where they are few; else the first two, the rest as one block, and the last. */
function shownTerms(terms) {
  const few = terms.some((term) => term.left && term.right) ? 4 : 9;
  return terms.length <= few ? terms : [terms[0], terms[1], terms.slice(2, -1), terms[terms.length - 1]];
}

function cut(words, longest) {
  return words.length <= longest ? words : `${words.slice(0, Math.ceil((longest - 1) / 2))}…${words.slice(-Math.floor((longest - 1) / 2))}`;
}

/* Every term with all its numbers, in order or the largest first. */
function termTable(made, linked) {
  const products = made.terms.some((term) => term.left && term.right), maximum = made.fold === "max", best = maximum ? winner(made) : -1;
  const second = made.terms.some((term) => term.right?.role === "parameter") ? "weight" : "factor";
  const amount = (operand) => (operand ? figure(operand.value) : "");
  const name = (operand) => {
    if (!operand) return "";
    const address = linked(operand), words = operand.source ? operand.name : operand.role;
    return address ? html("a", { href: address }, words) : words;
  };
  const columns = products
    ? [["input", "", (t) => name(t.left)], ["value", "value", (t) => amount(t.left)], [second, "", (t) => name(t.right)], ["value", "value", (t) => amount(t.right)], ["product", "value", (t) => figure(t.value)],
      ["gradient on it", "gradient", (t) => figure(t.gradient)], ["gradient to input", "gradient", (t) => (t.left ? figure(t.leftGradient) : "")], [`gradient to ${second}`, "gradient", (t) => (t.right ? figure(t.rightGradient) : "")]]
    : [[maximum ? "candidate" : "term", "", (t) => name(t.left ?? t.right)], ["value", "value", (t) => figure(t.value)], ["gradient to it", "gradient", (t) => figure(isNode(t.left ?? t.right) ? t.gradient : null)]];
  if (maximum) columns.push(["which", "", (t) => (t === made.terms[best] ? "✓ wins: the first of the largest" : "")]);
  const kind = (colour) => (colour ? `figure ${colour}` : null);
  const heads = html("tr", {}, html("th", { scope: "col" }, "#"), ...columns.map(([words, colour]) => html("th", { scope: "col", class: colour ? "figure" : null }, words)));
  const body = html("tbody");
  const row = (term) => html("tr", { class: term === made.terms[best] ? "winner" : null }, html("td", {}, String(made.terms.indexOf(term) + 1)), ...columns.map(([, colour, cell]) => html("td", { class: kind(colour) }, cell(term))));
  const bar = html("p", { class: "steps" }), order = html("button", { type: "button", "aria-pressed": "false" }, "Largest first"), all = html("button", { type: "button" }, `Show all ${made.terms.length} terms`);
  let largest = false, shown = made.terms.length > FEW_TERMS + 5 ? FEW_TERMS : made.terms.length;
  const fill = () => {
    const terms = largest ? [...made.terms].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)) : made.terms;
    body.replaceChildren(...terms.slice(0, shown).map(row));
    order.setAttribute("aria-pressed", String(largest));
    if (shown === made.terms.length) all.remove();
  };
  order.addEventListener("click", () => { largest = !largest; fill(); });
  all.addEventListener("click", () => { shown = made.terms.length; fill(); order.focus(); });
  if (made.terms.length > 4) bar.append(order, all);
  fill();
  return [bar, html("div", { class: "scroll", role: "group", "aria-label": "Terms", tabindex: "0" }, html("table", { class: "terms" }, html("thead", {}, heads), body))];
}

/* The winner of a maximum is who receives its gradient; without one, the first of the largest. */
function winner(made) {
  const sent = made.terms.findIndex((term) => term.gradient);
  return sent >= 0 ? sent : made.terms.findIndex((term) => term.value === made.folded);
}
