/* The exercise: numbers are hidden until the reader has worked them out.

   A question is { id, answer, words, hint }. It is open until it was answered rightly or its answer was asked for. */
const exercise = { mode: "", questions: new Map(), tries: new Map(), results: new Map() };

const asksValues = () => exercise.mode === "all";
const isOpen = (id) => exercise.mode !== "" && exercise.questions.has(id) && !exercise.results.has(id);

/* A number as people write it: 0.5, −4, 1/3, 2e-3, 0,5; NaN for anything else. */
function parsed(words) {
  const plain = words.trim().replace(/[−–]/g, "-").replace(/\s+/g, "");
  const parts = plain.split("/").map((part) => (/^[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?$/i.test(part) ? Number(part.replace(",", ".")) : NaN));
  return parts.length === 1 ? parts[0] : parts.length === 2 ? parts[0] / parts[1] : NaN;
}

/* Right to three significant digits. */
function isRight(given, answer) {
  if (answer === 0) return Math.abs(given) < 1e-9;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(answer))) - 2);
  return Math.abs(given - answer) <= 0.5 * unit * (1 + 1e-6);
}

/* What is said about an answer, and whether it was right. */
function judged(words, { answer, hint }) {
  const given = parsed(words);
  if (!Number.isFinite(given)) return [false, `“${words.trim()}” is no number; write it as −4, 0.25, 1/3 or 2e−3.`, false];
  if (isRight(given, answer)) return [true, `✓ right: ${number(answer)}`, true];
  const sign = answer !== 0 && isRight(-given, answer) ? "Only the sign is wrong. " : "";
  return [false, `✕ not ${number(given)}. ${sign}${hint}`, true];
}

/* A field for the answer to one question; `done` is called when it is no longer open. */
function questionForm(question, done) {
  const told = html("output", { class: "told" });
  const field = html("input", { type: "text", inputmode: "text", autocomplete: "off", spellcheck: "false", size: "9", "aria-label": `Your answer for ${question.words}`, "data-question": question.id });
  const show = html("button", { type: "button", "aria-label": `Show the answer for ${question.words}` }, "Show");
  const form = html("form", { class: "question" }, field, html("button", { type: "submit", "aria-label": `Check ${question.words}` }, "Check"), show, told);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [right, words, counts] = judged(field.value, question);
    if (counts) exercise.tries.set(question.id, (exercise.tries.get(question.id) ?? 0) + 1);
    field.setAttribute("aria-invalid", String(!right));
    told.textContent = words;
    if (!right) return;
    exercise.results.set(question.id, "right");
    done(words);
  });
  show.addEventListener("click", () => {
    exercise.results.set(question.id, "shown");
    done(`the answer: ${number(question.answer)}`);
  });
  return form;
}

/* How the exercise stands, among the questions that its mode asks. */
function scoreWords() {
  const asked = [...exercise.questions.values()].filter((question) => asksValues() || !question.isValue);
  const right = asked.filter(({ id }) => exercise.results.get(id) === "right");
  const first = right.filter(({ id }) => exercise.tries.get(id) === 1).length;
  const shown = asked.filter(({ id }) => exercise.results.get(id) === "shown").length;
  return `${right.length} of ${asked.length} right, ${first} at the first try${shown ? `, ${shown} shown` : ""}`;
}
