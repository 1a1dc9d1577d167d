/* A folded block opens as a picture of its own: by click, Enter or Space; Escape closes it. */
for (const card of document.querySelectorAll("g.folded")) {
  const dialog = document.getElementById(`block-${card.id}`);
  if (!dialog) continue;
  card.setAttribute("role", "button");
  card.setAttribute("tabindex", "0");
  card.setAttribute("aria-haspopup", "dialog");
  card.setAttribute("aria-label", `Open ${dialog.getAttribute("aria-label")}`);
  const open = () => dialog.showModal();
  card.addEventListener("click", open);
  card.addEventListener("focus", () => {
    if (card.matches(":focus-visible")) stages.find((around) => around.frame.contains(card)).reveal(card);
  });
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    open();
  });
}

/* A picture too tall to be read as a whole begins at its upper end, once the stage has its size. */
const [whole] = stages;
new ResizeObserver((_, once) => {
  once.disconnect();
  if (whole.svg.viewBox.baseVal.height > 3 * whole.frame.clientHeight) whole.reveal(whole.svg.querySelector("g.node"));
}).observe(whole.frame);
