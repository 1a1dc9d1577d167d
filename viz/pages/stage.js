/* A stage: a picture that can be moved by dragging, enlarged, and searched.

   The page holds <div class="stage" aria-label="...">svg</div>. With the focus inside, + and − enlarge, 0 fits,
   Shift with an arrow moves; the wheel enlarges while Ctrl is held, so that it still scrolls the page otherwise. */
const PIXELS_PER_POINT = 4 / 3;

function stage(frame) {
  const svg = frame.querySelector("svg");
  const [left, top, wide, high] = svg.getAttribute("viewBox").split(/[ ,]+/).map(Number);
  const view = { x: left, y: top, width: wide, height: high };
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");

  const room = () => [frame.clientWidth || 1, frame.clientHeight || 1];
  function apply() {
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
  }
  /* Show `scale` pixels per point around the middle (mx, my) of the drawing. */
  function show(scale, mx, my) {
    const [across, down] = room();
    view.width = across / scale;
    view.height = down / scale;
    view.x = mx - view.width / 2;
    view.y = my - view.height / 2;
    apply();
  }
  const scale = () => room()[0] / view.width;
  const middle = () => [view.x + view.width / 2, view.y + view.height / 2];
  function fit() {
    frame.style.height = "";
    const natural = high * Math.min(PIXELS_PER_POINT, frame.clientWidth / wide);
    frame.style.height = `${Math.ceil(Math.min(natural, parseFloat(getComputedStyle(frame).maxHeight) || natural))}px`;
    const [across, down] = room();
    show(Math.min(PIXELS_PER_POINT, across / wide, down / high), left + wide / 2, top + high / 2);
  }
  function zoom(factor, [mx, my] = middle()) {
    const now = scale(), next = Math.min(Math.max(now * factor, 0.02), 40);
    const [cx, cy] = middle();
    show(next, mx + ((cx - mx) * now) / next, my + ((cy - my) * now) / next);
  }
  const full = () => show(PIXELS_PER_POINT, ...middle());
  function move(dx, dy) {
    view.x += dx * view.width;
    view.y += dy * view.height;
    apply();
  }
  /* Bring an element of the picture into the middle, large enough to read. */
  function reveal(part) {
    const box = part.getBoundingClientRect(), outside = frame.getBoundingClientRect(), s = scale();
    const x = view.x + (box.left + box.width / 2 - outside.left) / s, y = view.y + (box.top + box.height / 2 - outside.top) / s;
    show(Math.max(s, PIXELS_PER_POINT), x, y);
  }
  function at(event) {
    const outside = frame.getBoundingClientRect();
    return [view.x + (event.clientX - outside.left) / scale(), view.y + (event.clientY - outside.top) / scale()];
  }

  let held = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button === 0) held = { x: event.clientX, y: event.clientY, moved: false };
  });
  frame.addEventListener("pointermove", (event) => {
    if (!held) return;
    const dx = event.clientX - held.x, dy = event.clientY - held.y;
    if (!held.moved && Math.hypot(dx, dy) < 4) return;
    if (!held.moved) frame.setPointerCapture(event.pointerId);
    held = { x: event.clientX, y: event.clientY, moved: true };
    view.x -= dx / scale();
    view.y -= dy / scale();
    apply();
  });
  const release = () => { held = null; };
  frame.addEventListener("pointerup", release);
  frame.addEventListener("pointercancel", release);
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), at(event));
  }, { passive: false });
  frame.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
    const moved = event.shiftKey && arrows[event.key];
    const act = moved ? () => move(...moved) : { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  window.addEventListener("beforeprint", fit);
  let width = 0;
  new ResizeObserver(() => {
    if (frame.clientWidth !== width) { width = frame.clientWidth; fit(); }
  }).observe(frame);
  fit();
  const made = { frame, svg, fit, full, zoom, reveal };
  frame.before(tools(made));
  return made;
}

/* The buttons and the search field above a stage. */
function tools(made) {
  const bar = html("div", { class: "tools", role: "toolbar", "aria-label": "Picture" });
  const buttons = [["−", "Smaller", () => made.zoom(0.8)], ["+", "Larger", () => made.zoom(1.25)], ["Fit", "Show all", made.fit], ["100 %", "Full size", made.full]];
  for (const [words, title, act] of buttons) {
    const button = html("button", { type: "button", title, "aria-label": title }, words);
    button.addEventListener("click", act);
    bar.append(button);
  }
  const field = html("input", { type: "search", placeholder: "Search the picture", "aria-label": "Search the picture" });
  const told = html("output", { class: "note" });
  let found = [], place = -1;
  function search() {
    for (const part of found) part.classList.remove("found", "here");
    const words = field.value.trim().toLowerCase();
    const parts = [...made.svg.querySelectorAll("g.node:not(.wire):not(.junction)")];
    found = words ? parts.filter((part) => part.textContent.toLowerCase().includes(words)) : [];
    for (const part of found) part.classList.add("found");
    place = -1;
    told.textContent = words ? (found.length ? `${found.length} found; Enter goes on` : "nothing found") : "";
  }
  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || !found.length) return;
    found[place]?.classList.remove("here");
    place = (place + (event.shiftKey ? found.length - 1 : 1)) % found.length;
    found[place].classList.add("here");
    made.reveal(found[place]);
    told.textContent = `${place + 1} of ${found.length}`;
  });
  bar.append(field, told);
  return bar;
}

const stages = [...document.querySelectorAll(".stage")].filter((frame) => frame.querySelector("svg")).map(stage);
