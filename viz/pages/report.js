/* Drawn again when the width changes, so that type keeps its size. */
const charts = document.getElementById("charts");
let drawn = 0;
function draw() {
  const width = Math.round(charts.clientWidth) || 640;
  if (width === drawn) return;
  drawn = width;
  charts.replaceChildren(...Object.entries(data.curves).map(([title, lines]) => chart(title, lines, width)));
}
draw();
new ResizeObserver(draw).observe(charts);
