/* Right checks of a test that has several stay folded until they are asked for; without this script all show. */
const every = document.getElementById("all");
const right = document.querySelectorAll("tr.check");
function fold(folded) {
  for (const row of right) row.hidden = folded;
  every.textContent = folded ? "show every check" : "show one row per test";
  every.setAttribute("aria-expanded", String(!folded));
}
if (right.length) {
  every.hidden = false;
  every.addEventListener("click", () => fold(!right[0].hidden));
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
