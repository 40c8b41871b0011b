// The gradient by the chosen number: as terms from layer to layer, and as a finite difference.

const MOST_TERMS = 6;

function showGradient() {
  const body = document.getElementById("gradient-body");
  const told = make("div", { id: "terms" });
  const note = "Choose a weight here, or a cell of the network above. Arrow keys move the choice.";
  const [tools, frame] = matrixPart();
  const parts = make(
    "div",
    { className: "beside wide" },
    make("div", { className: "stays" }, tools, frame),
    told,
  );
  body.append(make("p", { className: "note", textContent: note }), parts);
  told.onclick = (event) => {
    const follow = event.target.closest("[data-level]");
    if (!follow) return;
    const level = Number(follow.dataset.level);
    state.followed = [...chosenPlaces().slice(0, level), Number(follow.dataset.term)];
    refresh();
  };
  view(() => (told.innerHTML = gradientHtml()));
}

function chosenPlaces() {
  return levelsOf(state.numbers, state.chosen, state.followed).map(({ place }) => place);
}

function gradientHtml() {
  const { numbers, chosen } = state;
  if (!numbers.gradients[chosen.value] && chosen.own === undefined) {
    return `<p>The loss's own rule includes the layer that makes ${escaped(numberName(chosen))}: it begins one layer before.</p>`;
  }
  const levels = levelsOf(numbers, chosen, state.followed);
  const parts = [headHtml(levels[0]), differenceHtml(levels[0])];
  parts.push(levels.map(levelHtml).join(""));
  if (levels.length > 1 && levels[0].terms.length) parts.push(pathHtml(levels));
  return parts.join("");
}

function headHtml({ at, value }) {
  return `<h3>∂L/∂${escaped(numberName(at))} = ${numberHtml(value)}</h3><p class="note">${meaningOf(at)}</p>`;
}

/** What the chosen number is, in words. */
function meaningOf(at) {
  if (at.own === undefined) return escaped(`A number of ${valueName(at.value)}.`) + inputName(at);
  const { name, shape } = facts.layers[at.layer].parameters[at.own];
  const places = placesOf(at.flat, shape);
  const now = `It is ${numberHtml(network.parameters[name][at.flat])}. `;
  if (shape.length === 2 && at.own === "W") {
    const from = { value: at.layer, flat: places[0] };
    return `${now}The weight from ${escaped(numberName(from))}${inputName(from)} to ${escaped(numberName({ value: at.layer + 1, flat: places[1] }))}.`;
  }
  return `${now}A parameter of ${escaped(facts.layers[at.layer].title)}.`;
}

/** The finite difference beside backprop's number. */
function differenceHtml({ at, value }) {
  const found = difference(state.numbers, at);
  if (found === null) return "";
  const apart = Math.abs(found.slope - value);
  const w = escaped(numberName(at));
  return `<table class="compare"><tr><th>backprop</th><td>${numberHtml(value)}</td></tr>
    <tr><th>(L(w + h) − L(w − h)) / 2h</th><td>${numberHtml(found.slope)}</td></tr>
    <tr><th>apart</th><td>${numberHtml(apart)}</td></tr></table>
    <p class="note">w is ${w}, h = ${short(found.h)}: L(w + h) = ${exactly(found.up)}, L(w − h) = ${exactly(found.down)}, by the forward program alone.</p>`;
}

function levelHtml(level, number) {
  const name = `∂L/∂${escaped(numberName(level.at))}`;
  const head = `<p class="equation">${name} = ${sidesHtml(level)} = ${numberHtml(level.value)}</p>`;
  return `<section class="level">${head}${termsHtml(level, number)}</section>`;
}

/** The right side of a level in symbols. */
function sidesHtml({ kind, terms, at, order }) {
  if (kind === "loss") return lossRule(at);
  if (kind === "rule" && !terms.length) {
    return escaped(
      `0, or too many terms: backprop of ${ruleTitle(at)}, whose formula stands below`,
    );
  }
  if (!terms.length) return "0";
  const product = terms[order[0]].factors
    .map((factor) => escaped(factorName(at, factor)))
    .join(" · ");
  return terms.length === 1 ? product : `a sum of ${terms.length} terms`;
}

function ruleTitle(at) {
  return facts.layers[at.own === undefined ? at.value : at.layer].title;
}

/** The gradient of the loss by a number that it takes. */
function lossRule({ flat }) {
  const { fused, layers, title } = facts.loss;
  const y = state.numbers.values[layers + 1];
  const { T } = state.numbers;
  const difference = y && T.length === y.length ? y[flat] - T[flat] : NaN;
  const value = state.numbers.gradients[layers][flat];
  if (fused && Math.abs(difference - value) <= 1e-9 * Math.max(1, Math.abs(value))) {
    return `${escaped(valueName(layers + 1))}[${flat}] − T[${flat}] = ${numberHtml(y[flat])} − ${numberHtml(T[flat])}`;
  }
  const parts = facts.loss.formulas[facts.loss.formulas.length - 1][1];
  const lines = parts.find(([part]) => part === "derivative" || part === "Jacobian")?.[1] ?? [];
  return `the derivative of ${escaped(title)}, ${lines.join(" ")}`;
}

/** The terms of a level, the largest first; each can be followed. */
function termsHtml({ at, terms, order, place }, number) {
  if (!terms.length) return "";
  const row = (k) => {
    const { factors, product, number: factor } = terms[k];
    const numbers = [...(factor === 1 ? [] : [factor]), ...factors.map(({ value }) => value)];
    const names = factors.map((each) => escaped(factorName(at, each))).join(" · ");
    const follow =
      terms.length > 1
        ? `<td><button type="button" data-level="${number}" data-term="${k}" aria-pressed="${k === place}" aria-label="follow this term" title="follow this term">→</button></td>`
        : "";
    const followed = k === place && terms.length > 1 ? "followed" : "";
    return `<tr class="${followed}">${follow}<td>${names}</td><td>= ${numbers.map(numberHtml).join(" · ")}</td><td>= ${numberHtml(product)}</td></tr>`;
  };
  const shown = order.slice(0, MOST_TERMS);
  if (place !== undefined && !shown.includes(place)) shown.push(place);
  const rest = order.filter((k) => !shown.includes(k));
  const table = (places) =>
    `<div class="scroll"><table class="terms">${places.map(row).join("")}</table></div>`;
  const sum = rest.reduce((total, k) => total + terms[k].product, 0);
  const more = rest.length
    ? `<details><summary>${rest.length} more terms, together ${short(sum)}</summary>${rest.length <= 300 ? table(rest) : ""}</details>`
    : "";
  return table(shown) + more;
}

/** The product along the path that is followed. */
function pathHtml(levels) {
  const { factors, product } = pathOf(levels);
  const whole = levels[0].value;
  const names = factors.map(({ label }) => escaped(label)).join(" · ");
  const numbers = factors.map(({ value }) => numberHtml(value)).join(" · ");
  const single = levels.every(({ terms }) => terms.length <= 1);
  const share = single ? "This is the only path." : `All paths together make ${numberHtml(whole)}.`;
  return `<h4>The path that is followed</h4><p class="equation">${names}<br>= ${numbers} = ${numberHtml(product)}</p><p class="note">${share}</p>`;
}
