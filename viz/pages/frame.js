"use strict";
/* What all pages share: the data, the theme, how a number is written, how an element is made. */
const data = JSON.parse(document.getElementById("data").textContent);

/* The theme follows the system until the reader chooses one; in a bound page the page around it chooses. */
const themeButton = document.getElementById("theme");
const themes = ["system", "light", "dark"];
let chosenTheme = 0;
function chooseTheme(place) {
  chosenTheme = place;
  if (place) document.documentElement.dataset.theme = themes[place];
  else delete document.documentElement.dataset.theme;
  themeButton.querySelector("span").textContent = themes[place];
}
themeButton.hidden = false;
themeButton.addEventListener("click", () => chooseTheme((chosenTheme + 1) % themes.length));
window.addEventListener("message", (event) => {
  const place = event.source === window.parent && window.parent !== window ? themes.indexOf(event.data?.theme) : -1;
  if (place < 0) return;
  themeButton.hidden = true;
  chooseTheme(place);
});

/* A number as the pictures write it: Python's %.4g with a typographic minus. What is not finite came as a word. */
function number(x) {
  if (x === null || x === undefined) return "—";
  if (typeof x !== "number") return String(x);
  if (x === 0) return "0";
  const [digits, power] = fourDigits(x).split("e");
  const exponent = Number(power);
  const small = exponent < -4 || exponent >= 4;
  const words = small ? `${Number(digits)}e${power[0]}${power.slice(1).padStart(2, "0")}` : String(Number(`${digits}e${power}`));
  return words.replaceAll("-", "−");
}

/* Round to four digits; a tie goes to the even one, as in Python, where JavaScript goes up. */
function fourDigits(x) {
  const tie = /^(-?\d\.\d\d[02468])50*e(.*)$/.exec(x.toExponential(40));
  return tie ? `${tie[1]}e${tie[2]}` : x.toExponential(3);
}

/* Make one element of HTML; words are text, never markup. */
function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  made.append(...children);
  return made;
}

/* Make one element of SVG. */
function element(name, attributes = {}, words = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = words;
  return made;
}
