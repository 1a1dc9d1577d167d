/* One slider moves both pictures and the cursors of all charts. */
{ // names of its own: other parts of the page have theirs
const charts = document.getElementById("charts"), tools = document.getElementById("timeline");
const shown = player(data.sides.map(training), tools);
let marks = [], drawn = 0, current = shown.steps.at(-1);

/* Drawn again when the width changes, so that type keeps its size. */
function draw() {
  const all = Math.round(charts.clientWidth) || 640;
  if (all === drawn) return;
  drawn = all;
  const columns = getComputedStyle(charts).gridTemplateColumns.split(" ").length;
  const width = Math.round((all - 24 * (columns - 1)) / columns);
  const figures = data.charts.map(({ title, lines, ...options }) => chart(title, lines, width, { ...options, reach: [shown.steps[0], shown.steps.at(-1)], pick: shown.seek }));
  charts.replaceChildren(...figures);
  marks = figures.map((figure) => figure.mark);
  for (const mark of marks) mark(current);
}
shown.listen((step, moments) => {
  current = step;
  document.getElementById("moment").textContent = `step ${step}`;
  moments.forEach((moment, i) => { document.getElementById(`${data.sides[i].prefix}moment`).textContent = [moment.said, moment.ledger[0]].filter(Boolean).join("  ·  "); });
  for (const mark of marks) mark(step);
});
draw();
new ResizeObserver(draw).observe(charts);
shown.begin();
}
