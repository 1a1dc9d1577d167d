/* Of a test with several checks those that are drawn below show; the others when they are asked for, or always without this script. */
const every = document.getElementById("all");
const folded = document.querySelectorAll("tr.check");
function fold(hidden) {
  for (const row of folded) row.hidden = hidden;
  every.textContent = hidden ? "show every check" : "show fewer checks";
  every.setAttribute("aria-expanded", String(!hidden));
}
if (folded.length) {
  every.hidden = false;
  every.addEventListener("click", () => fold(!folded[0].hidden));
  fold(true);
  window.addEventListener("beforeprint", () => fold(false));
}

/* A link to a test opens its checks. */
function reveal() {
  const check = location.hash && document.getElementById(location.hash.slice(1));
  if (check) check.open = true;
}
window.addEventListener("hashchange", reveal);
reveal();
