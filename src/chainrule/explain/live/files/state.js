// What the page shows: a sample, its targets, and the numbers that follow from them.

const state = {
  raw: null,
  sample: 0,
  X: null,
  T: null,
  numbers: null,
  answer: null,
  trouble: "",
  chosen: null,
  chosenByHand: false,
  followed: [],
};

/** The parameters as training left them. */
const trained = copyOfParameters();

function copyOfParameters() {
  const all = Object.entries(network.parameters);
  return Object.fromEntries(all.map(([name, array]) => [name, array.slice()]));
}

function setParameters(given) {
  for (const [name, array] of Object.entries(given)) network.parameters[name].set(array);
}

const views = [];

/** Draw a part of the page whenever numbers change. */
function view(draw) {
  views.push(draw);
}

/** The raw sample as the program takes it. */
function programSample(raw) {
  if (facts.inputs.kind === "text") return raw[0];
  if (facts.inputs.kind === "numbers") return raw.map((x) => x ?? NaN);
  return Object.fromEntries(facts.inputs.columns.map(({ name }, place) => [name, raw[place]]));
}

/** Compute all numbers anew, and draw them. */
function refresh() {
  const { numbers } = state;
  try {
    takeNumbers();
    state.trouble = "";
    if (isFirstChoiceDue()) state.chosen = firstChoice();
  } catch (error) {
    state.trouble = error.message;
    if (numbers) state.numbers = compute(numbers.X, numbers.T);
  }
  views.forEach((draw) => draw());
}

/**
 * Let the sample's numbers be those of the page; an Error, and no new ones, if there are none. The
 * answer is null where that is not known, either.
 */
function takeNumbers() {
  state.answer = null;
  const sample = programSample(state.raw);
  if (Array.isArray(sample) && sample.some(Number.isNaN)) throw new Error("A number is missing.");
  const X = Float64Array.from(network.encode(sample));
  if (!X.every(Number.isFinite)) throw new RangeError("A number is too large.");
  const answer = network.predict(sample);
  state.T ??= targetOfPlace(answer.place ?? 0);
  if (Array.from(answer.probabilities ?? answer).every(Number.isFinite)) state.answer = answer;
  if (state.T.some(Number.isNaN)) throw new Error("A true number is missing.");
  const numbers = compute(X, state.T.slice());
  if (!Number.isFinite(numbers.loss)) throw new RangeError("The loss is not finite here.");
  Object.assign(state, { X, numbers });
}

let waiting = false;

/** Compute and draw before the next frame. */
function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    refresh();
  });
}

/** Targets that say a class, or no label, or numbers that are zero. */
function targetOfPlace(place) {
  const T = new Float64Array(facts.answers.targets);
  if (facts.answers.kind === "classes") {
    if (T.length === 1) T[0] = place;
    else T[place] = 1;
  }
  return T;
}

/** Take a sample of the page's. */
function takeSample(place) {
  const sample = facts.samples[place];
  state.sample = place;
  state.raw = sample.x.slice();
  state.T = sample.T && Float64Array.from(sample.T);
  refresh();
}

/** Choose a number whose gradient is shown. */
function choose(chosen) {
  state.chosen = chosen;
  state.chosenByHand = true;
  state.followed = [];
  changed();
}

/** Whether parameters are those of training. */
function isTrained() {
  return Object.entries(trained).every(([name, array]) =>
    array.every((number, place) => number === network.parameters[name][place]),
  );
}
