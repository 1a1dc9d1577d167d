/* A link to a check opens it. */
function reveal() {
  const check = location.hash && document.getElementById(location.hash.slice(1));
  if (check) check.open = true;
}
window.addEventListener("hashchange", reveal);
reveal();
