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

/* The decades of [low, high], every second or third where there are many. */
function decadeTicks(low, high) {
  const stride = Math.ceil((high - low) / 6) || 1, found = [];
  for (let k = Math.ceil(low / stride) * stride; k <= high; k += stride) found.push(k);
  return found;
}

/* One line of many has a colour between the first's and the last's. */
function lineColor(i, count) {
  if (count <= 4) return ["var(--value)", "var(--gradient)", "var(--ok)", "var(--saturated)"][i];
  return `color-mix(in oklab, var(--value) ${Math.round((100 * i) / (count - 1))}%, var(--gradient))`;
}
const lineDashes = (i, count) => (count <= 4 ? (i ? "7 3" : "none") : ["none", "7 3", "2 3"][i % 3]);

/* One chart; `lines` maps a name to its [step, value] pairs, where a value that is no number is a word.

   Options: log, an axis of decades, where 0 stands at the bottom; band, a healthy range; note, a line below; reach,
   steps that the axis holds in any case; pick, what a click on a step does. The figure's mark(step) moves the cursor there. */
function chart(title, lines, width, { log = false, band = null, note: remark = "", reach = [], pick = null } = {}) {
  const height = 190, left = 52, right = 12, top = 10, bottom = 24;
  const names = Object.keys(lines);
  const all = names.flatMap((name) => lines[name]);
  const finite = all.filter(([, y]) => typeof y === "number" && (!log || y > 0));
  const broken = all.filter(([, y]) => typeof y !== "number");
  const steps = [...all.map(([x]) => x), ...reach];
  const x0 = steps.reduce((a, b) => Math.min(a, b)), x1 = steps.reduce((a, b) => Math.max(a, b));
  const scaled = log ? (v) => Math.log10(v) : (v) => v;
  const values = [...finite.map(([, y]) => y), ...(band ?? [])].map(scaled);
  let y0 = values.reduce((a, b) => Math.min(a, b), Infinity), y1 = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!values.length) [y0, y1] = [0, 1];
  if (log) [y0, y1] = [Math.floor(y0), Math.ceil(y1)];
  if (title === "accuracy" && y0 >= 0 && y1 <= 1) [y0, y1] = [0, 1];
  if (y0 === y1) [y0, y1] = [y0 - 0.5, y1 + 0.5];
  const x = (s) => left + ((s - x0) / (x1 - x0 || 1)) * (width - left - right);
  const y = (v) => top + ((y1 - (log ? (v > 0 ? Math.max(Math.log10(v), y0) : y0) : v)) / (y1 - y0)) * (height - top - bottom);

  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.appendChild(document.createElement("strong")).textContent = title;
  const readout = caption.appendChild(document.createElement("output"));
  const svg = figure.appendChild(element("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "img" }));

  if (band) {
    svg.append(element("rect", { class: "band", x: left, width: width - left - right, y: y(band[1]), height: y(band[0]) - y(band[1]) }));
    svg.append(element("text", { x: width - right - 4, y: y(band[1]) + 12, "text-anchor": "end" }, "healthy"));
  }
  for (const v of log ? decadeTicks(y0, y1).map((k) => 10 ** k) : ticks(y0, y1, 6)) {
    svg.append(element("line", { class: "axis", x1: left, x2: width - right, y1: y(v), y2: y(v) }));
    svg.append(element("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, log ? `1e${Math.round(Math.log10(v))}`.replace("-", "−") : number(v)));
  }
  for (const s of ticks(x0, x1, width / 90).filter(Number.isInteger))
    svg.append(element("text", { x: x(s), y: height - 6, "text-anchor": "middle" }, s === x0 ? `step ${s}` : String(s)));

  const colors = names.map((_, i) => lineColor(i, names.length));
  names.forEach((name, i) => {
    let path = "", drawing = false;
    for (const [s, v] of lines[name]) {
      const known = typeof v === "number";
      if (known) path += `${drawing ? "L" : "M"}${x(s).toFixed(1)},${y(v).toFixed(1)}`;
      drawing = known;
    }
    svg.append(element("path", { class: "line", d: path, style: `stroke:${colors[i]}`, "stroke-dasharray": lineDashes(i, names.length) }));
    if (lines[name].length < 40 && names.length < 5)
      for (const [s, v] of lines[name])
        if (typeof v === "number") svg.append(element("circle", { cx: x(s), cy: y(v), r: 2.5, style: `fill:${colors[i]}` }));
  });
  if (broken.length) {
    const [s, v] = broken[0], words = `${v} from step ${s}`, wide = words.length * 7 + 10;
    const at = Math.min(x(s), width - right - wide);
    svg.append(element("rect", { class: "broken", x: at, y: top, width: wide, height: 18, rx: 3 }));
    svg.append(element("text", { class: "broken-words", x: at + 5, y: top + 13 }, words));
  }
  figure.mark = follow(svg, readout, lines, names, x, [left, width - right, top, height - bottom], width, pick);
  svg.setAttribute("aria-label", `${title}: ${names.map((n) => `${n} ends at ${number(lines[n].at(-1)?.[1])}`).join(", ")}. Arrow keys read single steps.`);
  if (names.length > 1) figure.append(keys(names, colors));
  if (remark) figure.append(html("p", { class: "note" }, remark));
  return figure;
}

function keys(names, colors) {
  const list = document.createElement("div");
  list.className = "keys";
  names.forEach((name, i) => {
    const key = list.appendChild(document.createElement("span"));
    const sample = key.appendChild(document.createElement("i"));
    sample.style.borderTopColor = colors[i];
    sample.style.borderTopStyle = lineDashes(i, names.length) === "none" ? "solid" : lineDashes(i, names.length) === "2 3" ? "dotted" : "dashed";
    key.append(name);
  });
  return list;
}

/* Read the values of one step: by pointer, or by the arrow keys, Home and End. Returns what marks a step. */
function follow(svg, readout, lines, names, x, [left, right, top, bottom], width, pick) {
  const steps = [...new Set(names.flatMap((name) => lines[name].map(([s]) => s)))].sort((a, b) => a - b);
  const values = names.map((name) => new Map(lines[name]));
  const cursor = svg.appendChild(element("line", { class: "cursor", y1: top, y2: bottom, visibility: "hidden" }));
  let at = steps.length - 1;
  function said(step) {
    const known = names.flatMap((name, i) => (values[i].has(step) ? [[name, values[i].get(step)]] : []));
    if (known.length <= 4) return known.map(([name, v]) => (names.length > 1 ? `${name} ` : "") + number(v)).join(", ");
    const sorted = known.filter(([, v]) => typeof v === "number").sort(([, a], [, b]) => a - b);
    return sorted.length ? `from ${number(sorted[0][1])} in ${sorted[0][0]} to ${number(sorted.at(-1)[1])} in ${sorted.at(-1)[0]}` : "";
  }
  function place(index) {
    at = Math.min(Math.max(index, 0), steps.length - 1);
    const step = steps[at];
    readout.textContent = `step ${step}: ${said(step)}`;
    cursor.setAttribute("x1", x(step));
    cursor.setAttribute("x2", x(step));
    cursor.setAttribute("visibility", "visible");
  }
  function nearest(step) {
    let found = 0;
    steps.forEach((s, i) => { if (Math.abs(s - step) < Math.abs(steps[found] - step)) found = i; });
    return found;
  }
  function pointed(event) {
    const box = svg.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) / box.width) * width;
    return nearest(steps[0] + ((pointer - left) / (right - left)) * (steps.at(-1) - steps[0]));
  }
  const go = (index) => { place(index); if (pick) pick(steps[at]); };
  svg.addEventListener("pointermove", (event) => place(pointed(event)));
  svg.addEventListener("click", (event) => go(pointed(event)));
  svg.addEventListener("keydown", (event) => {
    const jump = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (jump === undefined) return;
    event.preventDefault();
    go(jump);
  });
  return (step) => place(nearest(step));
}
