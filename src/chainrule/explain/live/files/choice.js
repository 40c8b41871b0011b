// The gradient by the chosen number: as terms from layer to layer, and as a finite difference.

const MOST_TERMS = 6;
const MOST_LISTED = 300;

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
  view(() => keepingPlace(told, () => (told.innerHTML = gradientHtml())));
}

/** Write a part of the page anew; what had the focus has it again, and what was open is. */
function keepingPlace(part, write) {
  const keyOf = ({ dataset: { level, term } }) => `${level},${term}`;
  const focused = part.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const open = [...part.querySelectorAll("details[open]")].map(keyOf);
  write();
  for (const each of part.querySelectorAll("details")) each.open = open.includes(keyOf(each));
  if (focused === null) return;
  const again = [...part.querySelectorAll("button, summary")].find(
    (each) => keyOf(each) === focused,
  );
  again?.focus({ preventScroll: true });
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
  const { name, shape } = parameterOf(at);
  const places = placesOf(at.flat, shape);
  const now = `It is ${numberHtml(network.parameters[name][at.flat])}. `;
  if (shape.length === 2 && (at.own === "W" || isOfFeatures(at))) {
    const from = { value: facts.layers[at.layer].takes[0], flat: places[0] };
    return `${now}The weight from ${escaped(numberName(from))}${inputName(from)} to ${escaped(numberName({ value: at.layer + 1, flat: places[1] }))}.${absenceSaid(at)}`;
  }
  return `${now}A parameter of ${escaped(facts.layers[at.layer].title)}.`;
}

/** That a text has not the word, or whatever feature it is, whose row a chosen number is in. */
function absenceSaid(at) {
  if (!isOfFeatures(at) || isOfText(at)) return "";
  const word = wordAt(placesOf(at.flat, parameterOf(at).shape)[0]);
  const what = word === undefined ? "What it counts" : `The word ${escaped(word)}`;
  return ` ${what} is not in the text: its gradient is 0.`;
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
function sidesHtml({ kind, terms, missing, at, order }) {
  if (kind === "loss") return lossRule(at);
  const rest = missing.map((l) => escaped(facts.layers[l].title)).join(" and ");
  const more = `backprop of ${rest}, whose formula stands below and whose terms are too many`;
  if (!terms.length) return rest ? more : "0";
  if (rest) return `${countOf(terms)}, and ${more},`;
  if (terms.length > 1) return countOf(terms);
  const [term] = terms;
  return term.factors.map((factor) => escaped(factorName(at, term, factor))).join(" · ");
}

function countOf({ length }) {
  return length === 1 ? "one term" : `a sum of ${length} terms`;
}

/** The gradient of the loss by a number that it takes: y − t, if it is that, or its derivative. */
function lossRule({ flat }) {
  const { fused, layers, shares } = facts.loss;
  const { values, gradients, T } = state.numbers;
  const predicted = layers + (fused ? 1 : 0);
  const outputs = sizeOf(valueShape(layers)) / shares.members;
  const t = T[flat % outputs];
  const share = shares.members * shares.outputs;
  const names = { y: numberName({ value: predicted, flat }), t: `T[${flat % outputs}]` };
  const [by, why] = [share === 1 ? "" : ` / ${share}`, sharesSaid(shares)];
  const y = values[predicted]?.[flat];
  const value = gradients[layers][flat];
  if (Math.abs((y - t) / share - value) <= 1e-9 * Math.max(1e-3, Math.abs(value))) {
    const inside = (text) => (by ? `(${text})${by}` : text);
    return `${inside(`${escaped(names.y)} − ${names.t}`)}${why} = ${inside(`${numberHtml(y)} − ${numberHtml(t)}`)}`;
  }
  const taken = { value: layers, flat };
  const given = numberHtml(values[layers][flat]);
  return `${derivativeHtml()}${by}${why || ","} where y = ${escaped(numberName(taken))} = ${given} and t = ${names.t} = ${numberHtml(t)},`;
}

/** By what means divide, in words. */
function sharesSaid({ members, outputs }) {
  const told = [];
  if (outputs > 1) told.push(`${outputs} outputs`);
  if (members > 1) told.push(`${members} members`);
  return told.length ? `, a mean over ${told.join(" and ")},` : "";
}

/** The derivative of the loss, or of that of each member, as a formula. */
function derivativeHtml() {
  const [, parts] = facts.loss.formulas[facts.loss.formulas.length - 1];
  const [, lines] = parts.find(([part]) => part === "derivative" || part === "Jacobian") ?? [];
  return lines ? lines.join(" ") : `the derivative of ${escaped(facts.loss.title)}`;
}

/** The terms of a level, the largest first; each can be followed. */
function termsHtml({ at, terms, order, place }, number) {
  if (!terms.length) return "";
  const row = (k) => {
    const { factors, product, number: factor } = terms[k];
    const numbers = [...(factor === 1 ? [] : [factor]), ...factors.map(({ value }) => value)];
    const names = factors.map((each) => escaped(factorName(at, terms[k], each)));
    const follow =
      terms.length > 1
        ? `<td><button type="button" data-level="${number}" data-term="${k}" aria-pressed="${k === place}" aria-label="follow ${names.join(" · ")}" title="follow this term">→</button></td>`
        : "";
    const followed = k === place && terms.length > 1 ? "followed" : "";
    return `<tr class="${followed}">${follow}<td>${names.map((name) => `<span class="factor">${name}</span>`).join(" · ")}</td><td>=&nbsp;${numbers.map(numberHtml).join(" · ")}</td><td>=&nbsp;${numberHtml(product)}</td></tr>`;
  };
  const shown = order.slice(0, MOST_TERMS);
  if (place !== undefined && !shown.includes(place)) shown.push(place);
  const rest = order.filter((k) => !shown.includes(k));
  const table = (places) =>
    `<div class="scroll"><table class="terms">${places.map(row).join("")}</table></div>`;
  const sum = rest.reduce((total, k) => total + terms[k].product, 0);
  const more = rest.length
    ? `<details data-level="${number}"><summary data-level="${number}">${moreTerms(rest.length)}, together ${numberHtml(sum)}</summary>${table(rest.slice(0, MOST_LISTED))}${leftOutOf(rest.length)}</details>`
    : "";
  return table(shown) + more;
}

function moreTerms(count) {
  return count === 1 ? "1 more term" : `${count} more terms`;
}

function leftOutOf(count) {
  if (count <= MOST_LISTED) return "";
  return `<p class="note">${count - MOST_LISTED} smaller ones are left out.</p>`;
}

/** The product along the path that is followed. */
function pathHtml(levels) {
  const { factors, product } = pathOf(levels);
  const whole = levels[0].value;
  const names = factors.map(({ label }) => escaped(label)).join(" · ");
  const numbers = factors.map(({ value }) => numberHtml(value)).join(" · ");
  const single = levels.every(({ terms, missing }) => terms.length + missing.length <= 1);
  const share = single ? "This is the only path." : `All paths together make ${numberHtml(whole)}.`;
  return `<h4>The path that is followed</h4><p class="equation">${names}<br>= ${numbers} = ${numberHtml(product)}</p><p class="note">${share}</p>`;
}
