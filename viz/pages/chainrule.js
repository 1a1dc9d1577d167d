/* One step in words: the formula with its numbers forward, the chain rule at a gate with its numbers back. */
function describe(say) {
  const from = startOf(step), block = from < step ? shutAround(turns[step].box) : null;
  const [title, ...parts] = block ? blockWords(block, from, step) : WORDS[turns[step].kind](turns[step], step);
  const focused = document.activeElement?.dataset?.question;
  by("step-title").textContent = title;
  by("words").replaceChildren(...parts.filter(Boolean));
  if (focused) by("words").querySelector(`[data-question="${CSS.escape(focused)}"]`)?.focus();
  if (say) by("said").textContent = [title, ...spoken(by("words"))].join(". ");
}
/* What a screen reader is told: equations and sums, not the arrays nor the fields. */
function spoken(words) {
  return [...words.querySelectorAll("p, .sum")].map((part) => part.textContent.replace(/\s+/g, " ").trim()).filter(Boolean);
}

const WORDS = {
  leaves: () => ["The leaves hold their values", note("Forward, each gate will compute its value from those before it. Then the gradient comes back from the output, gate by gate.")],
  forward: (turn, at) => [`Forward: ${turn.title}`, forwardEquation(turn, at), turn.asked === null && figure(turn.value, "value"), teaching(turn, false)],
  seed: (turn) => [
    "Backward starts at the output",
    equation(`∂${turn.name}/∂${turn.name} = `, strong(turn.upstream.words, "gradient")),
    figure(turn.upstream, "gradient"),
    note("The seed: the gradient of the output with respect to itself. From here on each gate multiplies what comes back to it by its local gradients."),
  ],
  backward: (turn, at) => [`Backward: ${turn.title}`, teaching(turn, true), upstream(turn), figure(turn.upstream, "gradient"), sentList(turn.sent.map((sent, k) => [turn, sent, `${at}.${k}`]))],
  end: () => ["The gradients of the leaves", exercise.mode && note(`Exercise: ${scoreWords()}.`), leaves.length > 0 && leafTable(), note(leaves.length ? "A leaf that is used more than once receives the sum of its branches." : "All leaves belong to layers that are drawn as blocks.")],
};

const note = (...words) => html("p", { class: "note" }, ...words);
const equation = (...words) => html("p", { class: "equation" }, ...words);
const strong = (words, kind) => html("b", { class: kind }, words);

/* What the gate's docstring teaches. */
function teaching(turn, back) {
  const rule = back && turn.rule ? ` · local gradient: ${turn.rule}` : "";
  const formula = turn.formula ? ` Formula: ${turn.formula}${rule}` : "";
  return note(`${turn.lesson}${formula}${turn.scope ? ` · in layer ${turn.scope}` : ""}`);
}

function forwardEquation(turn, at) {
  const masked = turn.numbers && asksValues() && [...(into.get(turn.box) ?? [])].some((i) => valueHidden(tracks[i].source));
  const numbers = turn.numbers ? ` = ${masked ? "?" : turn.numbers}` : "";
  const open = turn.asked !== null && asksValues() && isOpen(`${at}`);
  return equation(`${turn.name} = ${turn.expression}${numbers} = `, open ? questionForm(exercise.questions.get(`${at}`), answered) : strong(turn.value.words, "value"), ...shape(turn.value));
}

function upstream(turn) {
  const hidden = upstreamHidden(turn.box);
  const words = hidden ? [html("span", { class: "note" }, " asked for in an earlier step")] : shape(turn.upstream);
  return equation(`upstream: ∂${data.output}/∂${turn.name} = `, strong(hidden ? "?" : turn.upstream.words, "gradient"), ...words);
}

function sentList(rows) {
  if (!rows.length) return note("It sends nothing back.");
  return html("ul", { class: "equations" }, ...rows.map(([turn, sent, id]) => sentItem(turn, sent, id)));
}

/* ∂f/∂x = ∂f/∂q · ∂q/∂x = (−4) · 1 = −4, and what it adds up to where there are several branches. */
function sentItem(turn, sent, id) {
  const open = isOpen(id);
  const rule = [sent.target, sent.symbols, open ? "" : upstreamHidden(turn.box) && sent.numbers ? "?" : sent.numbers].filter(Boolean).join(" = ");
  const answer = open ? questionForm(exercise.questions.get(id), answered) : strong(sent.amount.words, "gradient");
  const words = sent.note ? html("span", { class: "note" }, ` ${sent.note}`) : "";
  return html("li", {}, equation(`${rule} = `, answer, ...shape(sent.amount), words), ...[!open && figure(sent.amount, "gradient"), runningSum(sent)].filter(Boolean));
}

function runningSum(sent) {
  if (!sent.after) return null;
  const hidden = gradientHidden(trunkOf(sent.wire), step);
  if (hidden) return html("p", { class: "sum" }, `${sent.target}: the branches add up once their parts are known`);
  if (!sent.before) return html("p", { class: "sum" }, `${sent.target} so far: ${sent.after.words}`);
  const parenthesised = sent.amount.words.startsWith("−") ? `(${sent.amount.words})` : sent.amount.words;
  const tensors = sent.after.shape.length > 0 && sent.after.numbers.length > 1;
  return html("p", { class: "sum" }, tensors ? `${sent.target} adds up to ${sent.after.words}` : `${sent.target} adds up: ${sent.before.words} + ${parenthesised} = ${sent.after.words}`);
}
const trunkOf = (i) => outOf.get(tracks[i].source).find(isTrunk) ?? i;

/* After an answer: everything that it shows appears, and the next open question, or the way on, has the focus. */
function answered(words) {
  refresh();
  by("said").textContent = words;
  (by("words").querySelector("input[data-question]") ?? by("next")).focus();
}

/* A folded layer: what its gates gave forward, or sent back to the outside. */
function blockWords(block, from, to) {
  const range = turns.slice(from, to + 1), kind = turns[to].kind;
  const title = `${kind === "forward" ? "Forward" : "Backward"}: ${block.label}, ${range.length} gates`;
  if (kind === "forward") return [title, ...range.map((turn, i) => goesOut(turn) && forwardEquation(turn, from + i)), note("The layer is folded: a click on its frame opens it.")];
  const rows = range.flatMap((turn, i) => turn.sent.map((sent, k) => [turn, sent, `${from + i}.${k}`]));
  return [title, sentList(rows.filter(([, sent]) => shut.get(tracks[sent.wire].source) !== block || leafOf.has(tracks[sent.wire].source))), note("The layer is folded: these are the gradients that leave it, and those of its parameters.")];
}
const goesOut = (turn) => outOf.get(turn.box).some((i) => shut.get(tracks[i].head) !== shut.get(turn.box));

function leafTable() {
  const rows = leaves.map((leaf) => {
    const gradient = upstreamHidden(leaf.box) ? "?" : leaf.gradient ? leaf.gradient.words : "—";
    const sum = leaf.branches && gradient !== "?" ? `${leaf.branches} = ` : "";
    return html("tr", {}, html("th", { scope: "row" }, leaf.name), html("td", { class: "value" }, leaf.value.words), html("td", {}, sum, strong(gradient, "gradient"), ...shape(leaf.value)));
  });
  const head = html("tr", {}, ...["leaf", "value", "gradient"].map((words) => html("th", { scope: "col" }, words)));
  return html("div", { class: "scroll", role: "group", tabindex: "0", "aria-label": "Gradients of the leaves" }, html("table", { id: "leaf-table" }, html("thead", {}, head), html("tbody", {}, ...rows)));
}

/* Arrays: all numbers of a small one, else a sample as a strip of colours. */
const shape = (quantity) => (quantity.shape.length ? [html("span", { class: "note" }, ` shape ${quantity.shape.join("×")}`)] : []);
function figure(quantity, kind) {
  if (quantity.numbers.length < 2) return null;
  const rows = [];
  for (let i = 0; i < quantity.numbers.length; i += quantity.columns) rows.push(quantity.numbers.slice(i, i + quantity.columns));
  if (!quantity.whole) return strip(rows, quantity);
  return html("div", { class: "scroll" }, html("table", { class: `array ${kind}` }, html("tbody", {}, ...rows.map((row) => html("tr", {}, ...row.map((x) => html("td", {}, number(x))))))));
}
function strip(rows, quantity) {
  const finite = quantity.numbers.filter((x) => typeof x === "number"), largest = Math.max(...finite.map(Math.abs)) || 1, size = 14;
  const words = `a sample of ${quantity.numbers.length} numbers, ${number(Math.min(...finite))} to ${number(Math.max(...finite))}; orange is negative, blue positive`;
  const drawn = element("svg", { class: "strip", width: quantity.columns * size, height: rows.length * size, role: "img", "aria-label": words });
  rows.forEach((row, y) => row.forEach((x, column) => {
    const cell = element("rect", { x: column * size, y: y * size, width: size - 1, height: size - 1 });
    cell.style.fill = typeof x === "number" ? `color-mix(in srgb, ${data.ramp[x < 0 ? 0 : 2]} ${(100 * Math.abs(x)) / largest}%, ${data.ramp[1]})` : "var(--not_finite)";
    drawn.append(cell);
  }));
  return html("div", {}, drawn, note(words));
}
