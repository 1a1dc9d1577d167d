/* What a classifier does with images: reads data.predictions. */
const seen = data.predictions;
const ramps = {
  value: ["#EFF3FF", "#BDD7E7", "#6BAED6", "#3182BD", "#08519C"],
  signed: ["#F59322", "#E8EAEB", "#0877BD"],
  grey: ["#000000", "#FFFFFF"],
};

function bytesOf(cells) {
  return Uint8Array.from(atob(cells.levels.base64), (c) => c.charCodeAt(0));
}

/* The colour of a level from 0 to 255. */
function colourOf(ramp) {
  const stops = ramps[ramp].map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return (level) => {
    const place = (level / 255) * (stops.length - 1), i = Math.min(Math.floor(place), stops.length - 2);
    return stops[i].map((from, k) => Math.round(from + (stops[i + 1][k] - from) * (place - i)));
  };
}

/* Paint image number `which` of some cells; `size` is about how large its longer side gets, in pixels. */
function paint(cells, bytes, which, ramp, size, words) {
  const [, height, width, colours] = cells.levels.shape;
  const canvas = html("canvas", { width, height, role: "img", "aria-label": words });
  const factor = Math.max(1, Math.round(size / Math.max(width, height)));
  canvas.style.width = `${width * factor}px`;
  canvas.style.height = `${height * factor}px`;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height), colour = colourOf(ramp);
  const start = which * height * width * (colours || 1);
  for (let i = 0; i < width * height; i++) {
    const rgb = colours ? bytes.subarray(start + 3 * i, start + 3 * i + 3) : colour(bytes[start + i]);
    image.data.set([...rgb, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/* All images of some cells, numbered; one that is the same everywhere is marked. */
function pictures(cells, ramp, size, what) {
  const bytes = bytesOf(cells), [count, height, width, colours] = cells.levels.shape;
  const each = height * width * (colours || 1), made = [];
  for (let i = 0; i < count; i++) {
    const part = bytes.subarray(i * each, (i + 1) * each), flat = part.every((x) => x === part[0]);
    const level = cells.low + ((cells.high - cells.low) * part[0]) / 255;
    const words = flat ? `${what} ${i}: ${number(level)} everywhere` : `${what} ${i}`;
    const figure = html("figure", { class: flat ? "flat" : false, title: words }, paint(cells, bytes, i, ramp, size, words));
    figure.append(html("figcaption", {}, flat ? `${i} flat` : String(i)));
    made.push(figure);
  }
  if (cells.more) made.push(html("p", { class: "note" }, `+ ${cells.more} more`));
  return made;
}

const range = (cells) => `${number(cells.low)} to ${number(cells.high)}`;
const share = (x) => `${(100 * x).toFixed(1)}%`;

/* The confusion matrix: one button per cell, darker where there are more. */
function confusionTable() {
  const table = html("table"), head = html("tr", {}, html("th", { scope: "col" }, "right ↓  said →"));
  for (const name of seen.classes) head.append(html("th", { scope: "col" }, name));
  head.append(html("th", { scope: "col" }, "right"));
  table.append(html("thead", {}, head));
  const body = table.appendChild(html("tbody"));
  const most = Math.max(1, ...seen.counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  seen.counts.forEach((row, i) => {
    const line = body.appendChild(html("tr", {}, html("th", { scope: "row" }, seen.classes[i])));
    const total = row.reduce((a, b) => a + b, 0);
    row.forEach((count, j) => {
      const right = i === j;
      const button = html("button", { type: "button", "aria-pressed": "false", "aria-label": `${count} images of class ${seen.classes[i]} called ${seen.classes[j]}` }, count ? String(count) : "·");
      if (count) {
        button.style.background = `color-mix(in srgb, var(${right ? "--ok_soft" : "--gradient_bar"}) ${right ? 55 : Math.round(25 + (45 * count) / most)}%, var(--page))`;
        button.style.color = "var(--ink)";
      }
      button.addEventListener("click", () => choose(i, j, button));
      line.append(html("td", { class: right ? "right" : "wrong" }, button));
    });
    line.append(html("td", { class: "figure" }, total ? share(row[i] / total) : "—"));
  });
  return table;
}

let pressed = null;
function choose(label, predicted, button) {
  const again = pressed === button;
  pressed?.setAttribute("aria-pressed", "false");
  pressed = again ? null : button;
  pressed?.setAttribute("aria-pressed", "true");
  showExamples(again ? () => true : (e) => e.label === label && e.predicted === predicted, again ? "" : ` of class ${seen.classes[label]} called ${seen.classes[predicted]}`);
}

function showExamples(keeps, words) {
  const kept = seen.examples.filter(keeps), box = document.querySelector("#examples .examples");
  document.querySelector("#examples .note").textContent = `${kept.length} of the ${seen.examples.length} images that this page keeps${words}. Choose one to see its activation maps.`;
  box.replaceChildren(...kept.map((example) => {
    const right = example.label === example.predicted, name = `image ${example.index}`;
    const words = right ? `✓ ${seen.classes[example.label]}, ${share(example.right)} sure` : `✕ is ${seen.classes[example.label]} (${share(example.right)}), called ${seen.classes[example.predicted]} (${share(example.probability)})`;
    const button = html("button", { type: "button", class: right ? "right" : "wrong", "aria-pressed": String(example === shown) });
    button.append(paint(example.image, bytesOf(example.image), 0, "grey", 80, name), html("span", {}, words), html("small", { class: "note" }, name));
    button.addEventListener("click", () => { showMaps(example); for (const b of box.children) b.setAttribute("aria-pressed", String(b === button)); });
    return button;
  }));
}

let shown = null;
function showMaps(example) {
  shown = example;
  document.querySelector("#maps .note").textContent = `Image ${example.index}, class ${seen.classes[example.label]}. Every layer has its own range, from light to dark; a flat map says nothing of this image.`;
  document.querySelector("#maps .layers").replaceChildren(...example.maps.flatMap(({ layer, gate, cells }) => {
    const title = html("h3", {}, layer, " ", html("small", {}, `${gate} · ${cells.levels.shape.slice(1).join("×")} · ${range(cells)}`));
    const row = html("div", { class: "cells" });
    row.append(...pictures(cells, "value", cells.levels.shape[1] > 4 ? 48 : 28, `${layer} channel`));
    return [title, row];
  }));
}

document.querySelector("#confusion .scroll").append(confusionTable());
if (seen.examples.length) showMaps(seen.examples[0]);
else document.getElementById("maps").hidden = true;
showExamples(() => true, "");
if (seen.filters) {
  const { layer, cells } = seen.filters;
  document.querySelector("#filters .cells").append(html("p", { class: "note", style: "width:100%" }, `${layer}: ${cells.levels.shape.length === 4 ? "in colour" : "orange negative, blue positive"}, ${range(cells)}`), ...pictures(cells, "signed", 56, "filter"));
} else document.getElementById("filters").hidden = true;
