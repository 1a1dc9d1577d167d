/* Line charts over training steps, read by pointer or by the arrow keys. */

/* Round steps of 1, 2 or 5 that cut [low, high] into about `count` parts. */
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

/* One chart; `lines` maps a name to its [step, value] pairs, where a value that is no number is a word. */
function chart(title, lines, width) {
  const height = 190, left = 52, right = 12, top = 10, bottom = 24;
  const names = Object.keys(lines);
  const all = names.flatMap((name) => lines[name]);
  const finite = all.filter(([, y]) => typeof y === "number");
  const broken = all.filter(([, y]) => typeof y !== "number");
  const steps = all.map(([x]) => x);
  const x0 = steps.reduce((a, b) => Math.min(a, b)), x1 = steps.reduce((a, b) => Math.max(a, b));
  let y0 = finite.reduce((a, [, y]) => Math.min(a, y), Infinity), y1 = finite.reduce((a, [, y]) => Math.max(a, y), -Infinity);
  if (!finite.length) [y0, y1] = [0, 1];
  if (title === "accuracy" && y0 >= 0 && y1 <= 1) [y0, y1] = [0, 1];
  if (y0 === y1) [y0, y1] = [y0 - 0.5, y1 + 0.5];
  const x = (s) => left + ((s - x0) / (x1 - x0 || 1)) * (width - left - right);
  const y = (v) => top + ((y1 - v) / (y1 - y0)) * (height - top - bottom);

  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.appendChild(document.createElement("strong")).textContent = title;
  const readout = caption.appendChild(document.createElement("output"));
  const svg = figure.appendChild(element("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "img" }));

  for (const v of ticks(y0, y1, 6)) {
    svg.append(element("line", { class: "axis", x1: left, x2: width - right, y1: y(v), y2: y(v) }));
    svg.append(element("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, number(v)));
  }
  for (const s of ticks(x0, x1, width / 90).filter(Number.isInteger))
    svg.append(element("text", { x: x(s), y: height - 6, "text-anchor": "middle" }, s === x0 ? `step ${s}` : String(s)));

  const colors = ["var(--value)", "var(--gradient)", "var(--ok)", "var(--saturated)"];
  names.forEach((name, i) => {
    let path = "", drawing = false;
    for (const [s, v] of lines[name]) {
      const known = typeof v === "number";
      if (known) path += `${drawing ? "L" : "M"}${x(s).toFixed(1)},${y(v).toFixed(1)}`;
      drawing = known;
    }
    svg.append(element("path", { class: "line", d: path, style: `stroke:${colors[i % 4]}`, "stroke-dasharray": i < 4 ? (i ? "7 3" : "none") : "2 3" }));
    if (lines[name].length < 40)
      for (const [s, v] of lines[name])
        if (typeof v === "number") svg.append(element("circle", { cx: x(s), cy: y(v), r: 2.5, style: `fill:${colors[i % 4]}` }));
  });
  if (broken.length) {
    const [s, v] = broken[0], words = `${v} from step ${s}`, wide = words.length * 7 + 10;
    const at = Math.min(x(s), width - right - wide);
    svg.append(element("rect", { class: "broken", x: at, y: top, width: wide, height: 18, rx: 3 }));
    svg.append(element("text", { class: "broken-words", x: at + 5, y: top + 13 }, words));
  }
  follow(svg, readout, lines, names, x, [left, width - right, top, height - bottom], width);
  svg.setAttribute("aria-label", `${title}: ${names.map((n) => `${n} ends at ${number(lines[n].at(-1)[1])}`).join(", ")}. Arrow keys read single steps.`);
  if (names.length > 1) figure.append(keys(names, colors));
  return figure;
}

function keys(names, colors) {
  const list = document.createElement("div");
  list.className = "keys";
  names.forEach((name, i) => {
    const key = list.appendChild(document.createElement("span"));
    const sample = key.appendChild(document.createElement("i"));
    sample.style.borderTopColor = colors[i % 4];
    sample.style.borderTopStyle = i ? "dashed" : "solid";
    key.append(name);
  });
  return list;
}

/* Read the values of one step: by pointer, or by the arrow keys, Home and End. */
function follow(svg, readout, lines, names, x, [left, right, top, bottom], width) {
  const steps = [...new Set(names.flatMap((name) => lines[name].map(([s]) => s)))].sort((a, b) => a - b);
  const values = names.map((name) => new Map(lines[name]));
  const cursor = svg.appendChild(element("line", { class: "cursor", y1: top, y2: bottom, visibility: "hidden" }));
  let at = steps.length - 1;
  function show(index) {
    at = Math.min(Math.max(index, 0), steps.length - 1);
    const step = steps[at];
    const words = names.flatMap((name, i) => (values[i].has(step) ? [(names.length > 1 ? name + " " : "") + number(values[i].get(step))] : []));
    readout.textContent = `step ${step}: ${words.join(", ")}`;
    cursor.setAttribute("x1", x(step));
    cursor.setAttribute("x2", x(step));
    cursor.setAttribute("visibility", "visible");
  }
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) / box.width) * width;
    let nearest = 0;
    steps.forEach((s, i) => { if (Math.abs(x(s) - pointer) < Math.abs(x(steps[nearest]) - pointer)) nearest = i; });
    show(nearest);
  });
  svg.addEventListener("keydown", (event) => {
    const jump = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (jump === undefined) return;
    event.preventDefault();
    show(jump);
  });
}
