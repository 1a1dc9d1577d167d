"use strict";
/* The theme follows the system until the reader chooses one. */
const button = document.getElementById("theme");
const themes = ["system", "light", "dark"];
let chosen = 0;
button.hidden = false;
button.addEventListener("click", () => {
  chosen = (chosen + 1) % themes.length;
  if (chosen) document.documentElement.dataset.theme = themes[chosen];
  else delete document.documentElement.dataset.theme;
  button.querySelector("span").textContent = themes[chosen];
});

/* A link to a check opens it. */
function reveal() {
  const check = location.hash && document.getElementById(location.hash.slice(1));
  if (check) check.open = true;
}
window.addEventListener("hashchange", reveal);
reveal();
