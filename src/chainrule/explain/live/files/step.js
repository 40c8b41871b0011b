// One step of gradient descent on this sample, before and after.

function showStep() {
  const body = document.getElementById("step-body");
  const { name, rate, alpha } = facts.solver;
  const trainedBy = `Trained with ${name}${rate ? `, learning rate ${rate}` : ""}${alpha ? `, and the penalty alpha=${short(alpha)}, which is no part of L here` : ""}.`;
  const box = numberBox({ id: "rate", min: 0 }, (rate) =>
    Number.isFinite(rate) && rate > 0 ? "" : "Expected a number above 0",
  );
  box.set(usualRate());
  const result = make("div", { ariaLive: "polite" });
  let before = null;
  const act = (count) => () => {
    if (!box.check()) return;
    const now = snapshot();
    const expected = count === 1 ? expectedChange(box.number()) : null;
    if (!takeSteps(box.number(), count)) {
      const what = count === 1 ? "a step" : `${count} steps`;
      box.say(`With ${box.field.value} ${what} would lead beyond all numbers: not taken`);
      return;
    }
    before ??= now;
    refresh();
    result.innerHTML = stepHtml(before, snapshot(), expected);
  };
  const reset = button("Reset", () => {
    setParameters(trained);
    before = null;
    result.innerHTML = "";
    box.check();
    refresh();
  });
  body.append(
    make("p", {
      className: "note",
      textContent: `${trainedBy} Here every parameter takes a step against its gradient: w − η ∂L/∂w, on this sample alone.${factorsSaid()}`,
    }),
    make(
      "p",
      { className: "tools" },
      make("label", {}, "Learning rate η ", box.field),
      box.told,
      button("Take a step", act(1)),
      button("Take 10", act(10)),
      reset,
    ),
    result,
  );
}

/** What moves otherwise than by η. */
function factorsSaid() {
  const told = Object.values(facts.solver.factors).map(
    ([label, factor]) => `${factor} for ${label}`,
  );
  return told.length ? ` Factors of η: ${told.join(", ")}.` : "";
}

/** A power of ten at which a step is small beside what the sample's numbers are. */
function usualRate() {
  const size = state.X.reduce((sum, x) => sum + x * x, 1);
  return Number((10 ** Math.floor(Math.log10(1 / size))).toPrecision(1));
}

/** The factor of the learning rate that a parameter has: 0 for statistics. */
function factorOf(name) {
  return facts.solver.factors[name]?.[1] ?? 1;
}

/** Take steps, all or none; whether all numbers are finite after them. */
function takeSteps(rate, count) {
  const before = copyOfParameters();
  for (let k = 0; k < count; k++) stepOnce(rate);
  const { loss, parameters } = state.numbers;
  const finite = [...Object.values(network.parameters), ...Object.values(parameters)].every(
    (array) => array.every(Number.isFinite),
  );
  if (finite && Number.isFinite(loss)) return true;
  setParameters(before);
  state.numbers = compute(state.numbers.X, state.numbers.T);
  return false;
}

function stepOnce(rate) {
  for (const [name, gradient] of Object.entries(state.numbers.parameters)) {
    const array = network.parameters[name];
    const own = rate * factorOf(name);
    for (let k = 0; k < array.length; k++) array[k] -= own * gradient[k];
  }
  state.numbers = compute(state.numbers.X, state.numbers.T);
}

/** What the loss changes by if it is linear: −η times the squared length of the gradient. */
function expectedChange(rate) {
  let squares = 0;
  for (const [name, gradient] of Object.entries(state.numbers.parameters)) {
    for (const slope of gradient) squares += factorOf(name) * slope * slope;
  }
  return -rate * squares;
}

function snapshot() {
  const answers = facts.answers.kind === "numbers" ? state.answer : probabilities();
  return { loss: state.numbers.loss, answers: Array.from(answers) };
}

function stepHtml(before, after, expected) {
  const row = (name, a, b) =>
    `<tr><th>${escaped(name)}</th><td>${numberHtml(a)}</td><td>${numberHtml(b)}</td><td>${numberHtml(b - a)}</td></tr>`;
  const answers = facts.answers.labels.map((label, k) => [
    label,
    before.answers[k],
    after.answers[k],
  ]);
  answers.sort((a, b) => Math.abs(b[2] - b[1]) - Math.abs(a[2] - a[1]));
  const told =
    expected === null
      ? ""
      : `<p class="note">−η Σ (∂L/∂w)² = ${numberHtml(expected)} is what this step would change L by, were it linear.</p>`;
  return `<div class="scroll"><table class="steps"><tr><td></td><th>before</th><th>after</th><th>change</th></tr>${row("L", before.loss, after.loss)}${answers
    .slice(0, 10)
    .map((each) => row(...each))
    .join("")}</table></div>${told}`;
}
