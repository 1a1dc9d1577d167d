/* One path lights up alone while it is pointed at or focused; pressing its button keeps it lit. */
const pathButtons = [...document.querySelectorAll("button[data-path]")];
const picture = document.querySelector(".stage");
let keptPath = null;

function lightUp(path) {
  picture.classList.toggle("one-path", path !== null);
  for (const part of picture.querySelectorAll(".alone")) part.classList.remove("alone");
  if (path !== null) for (const part of picture.querySelectorAll(`g.${path}`)) part.classList.add("alone");
}

for (const button of pathButtons) {
  const path = button.dataset.path;
  button.addEventListener("mouseenter", () => lightUp(path));
  button.addEventListener("mouseleave", () => lightUp(keptPath));
  button.addEventListener("focus", () => lightUp(path));
  button.addEventListener("blur", () => lightUp(keptPath));
  button.addEventListener("click", () => {
    keptPath = keptPath === path ? null : path;
    for (const other of pathButtons) other.setAttribute("aria-pressed", String(other.dataset.path === keptPath));
    lightUp(keptPath ?? path);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  keptPath = null;
  for (const button of pathButtons) button.setAttribute("aria-pressed", "false");
  lightUp(null);
});
