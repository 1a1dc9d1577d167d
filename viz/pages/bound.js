/* Tabs: each page runs in a frame of its own, made when it is first looked at. Arrow keys, Home and End move.

   The frame around a page tells it the theme; see frame.js. */
const tabs = [...document.querySelectorAll('[role="tab"]')];

function frameOf(i) {
  const panel = document.getElementById(`panel${i}`);
  if (!panel.firstChild) {
    const frame = html("iframe", { sandbox: "allow-scripts", title: data.pages[i].words });
    frame.addEventListener("load", () => tell(frame));
    frame.srcdoc = data.pages[i].html;
    panel.append(frame);
  }
  return panel.firstChild;
}

function tell(frame) {
  frame.contentWindow.postMessage({ theme: themes[chosenTheme] }, "*");
}

function open(i, focus = true) {
  tabs.forEach((tab, k) => {
    tab.setAttribute("aria-selected", String(k === i));
    tab.tabIndex = k === i ? 0 : -1;
    document.getElementById(`panel${k}`).hidden = k !== i;
  });
  frameOf(i);
  if (focus) tabs[i].focus();
}

tabs.forEach((tab, i) => {
  tab.addEventListener("click", () => open(i));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    open((to + tabs.length) % tabs.length);
  });
});
themeButton.addEventListener("click", () => document.querySelectorAll("iframe").forEach(tell));
open(0, false);
