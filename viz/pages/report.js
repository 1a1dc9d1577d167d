/* The slider moves the picture, the cursors of all charts, the ledger and the marks of the findings. */
{ // names of its own: other parts of the page have theirs
const charts = document.getElementById("charts"), rasters = document.getElementById("rasters");
const tools = document.getElementById("timeline");
const shown = tools ? player(data.sides.map(training), tools) : null;
const seek = shown ? shown.seek : null;
let marks = [];

/* Drawn again when the width changes, so that type keeps its size. */
let drawn = 0;
function draw() {
  const width = Math.round(charts.clientWidth || rasters.clientWidth) || 640;
  if (width === drawn) return;
  drawn = width;
  const figures = data.charts.map(({ title, lines, ...options }) => chart(title, lines, width, { ...options, reach: [data.first, data.last], pick: seek }));
  charts.replaceChildren(...figures);
  const early = isEarly(data.lives, data.first, data.last);
  document.getElementById("steps").textContent = early ? "Steps on a log axis: most of it happens early." : "";
  const rows = data.lives.map((layer) => raster(layer, data.first, data.last, width, when, seek ?? (() => {}), early));
  rasters.replaceChildren(...rows.map((row) => row.figure));
  marks = [...figures.map((figure) => figure.mark), ...rows.map((row) => row.mark)];
  if (shown) for (const mark of marks) mark(current);
}

function when(step) {
  const epoch = data.epochs.filter((first) => first <= step).length;
  return epoch ? `step ${step} (epoch ${epoch})` : `step ${step}`;
}

/* The ledger of one moment: a bar for each part of the way back, lost decades to scale. */
function ledger([words, entries]) {
  document.querySelector(".ledger-words").textContent = words || "No gradient to follow at this step.";
  const most = Math.max(1, ...entries.map(([, decades]) => Math.abs(decades)));
  const rows = [...entries].reverse().map(([name, decades]) => {
    const bar = html("span", { class: "bar", style: `width:${((Math.abs(decades) / most) * 9).toFixed(2)}rem` });
    const said = `${decades > 0 ? "+" : ""}${decades.toFixed(2)}`.replace("-", "−");
    return html("tr", { class: decades > 0 ? "gained" : "lost" }, html("th", { scope: "row" }, name), html("td", { class: "figure" }, said), html("td", {}, bar));
  });
  const head = html("tr", {}, html("th", { scope: "col" }, "on the way back"), html("th", { scope: "col", class: "figure" }, "decades"), html("th", { scope: "col" }, "to scale"));
  document.querySelector(".ledger").replaceChildren(html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows)));
}

let current = data.last;
if (shown) {
  shown.listen((step, [moment]) => {
    current = step;
    document.getElementById("moment").textContent = moment.said;
    for (const mark of marks) mark(step);
    ledger(moment.ledger);
    document.querySelectorAll(".findings li").forEach((item, i) => item.classList.toggle("elsewhen", !moment.findings.includes(i)));
  });
  for (const button of document.querySelectorAll("[data-step]"))
    button.addEventListener("click", () => {
      seek(Number(button.dataset.step));
      if (button.dataset.card) location.hash = button.dataset.card;
    });
}
draw();
new ResizeObserver(draw).observe(charts);
new ResizeObserver(draw).observe(rasters);
if (shown) shown.begin();
else if (data.sides.length) ledger(data.sides[0].moments.at(-1).ledger);
}
