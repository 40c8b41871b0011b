// Where a gradient comes from: the terms of the chain rule, from a chosen number to the loss.

const MOST_OUTPUTS = 1024;

/**
 * How the gradient by a chosen number is made of those of the next values: { kind, terms, missing },
 * terms being [{ layer, number, factors, product }], and missing the layers whose terms are too
 * many. A value that several layers take has the terms of each.
 */
function termsOf(numbers, chosen) {
  const { layer, own, value } = chosen;
  if (own !== undefined) return termsThrough(numbers, layer, chosen);
  if (value === facts.loss.layers) return { kind: "loss", terms: [], missing: [] };
  const layers = Array.from(facts.layers.keys());
  const taking = layers.filter((l) => facts.layers[l].takes.includes(value));
  const parts = taking.map((l) => termsThrough(numbers, l, chosen));
  return {
    kind: parts.length === 1 ? parts[0].kind : "sum",
    terms: parts.flatMap(({ terms }) => terms),
    missing: parts.flatMap(({ missing }) => missing),
  };
}

/** The terms that come through one layer. */
function termsThrough(numbers, l, chosen) {
  const found = (kind, terms) => ({
    kind,
    terms: (terms ?? []).map((term) => ({ layer: l, ...term })),
    missing: terms === null ? [l] : [],
  });
  const rule = facts.layers[l];
  const line = rule.gradients[chosen.own ?? "X"];
  if (line !== undefined) {
    const shape = parameterOf(chosen)?.shape ?? valueShape(chosen.value);
    return found("line", termsAt(line, placesOf(chosen.flat, shape), arraysOf(numbers, l)));
  }
  if (chosen.own === undefined && (rule.same || network.slopes[l])) {
    return found(rule.same ? "same" : "slope", [termOfPlace(numbers, l, chosen.flat)]);
  }
  return found("rule", termsOfRule(numbers, l, chosen));
}

/** The arrays of a layer by the names in its lines. */
function arraysOf(numbers, l) {
  const { takes, parameters } = facts.layers[l];
  const arrays = {
    X: numbers.values[takes[0]],
    Y: numbers.values[l + 1],
    dY: numbers.gradients[l + 1],
  };
  for (const [own, { name }] of Object.entries(parameters)) arrays[own] = network.parameters[name];
  return arrays;
}

/** The terms ∂L/∂Y[i] · ∂Y[i]/∂x of any rule, by its backprop from each number of Y alone. */
function termsOfRule(numbers, l, chosen) {
  const shape = facts.layers[l].outputShape;
  const dY = numbers.gradients[l + 1].slice();
  if (dY.length > MOST_OUTPUTS || !network.pulls[l]) return null;
  const seed = new Float64Array(dY.length);
  const terms = [];
  dY.forEach((slope, flat) => {
    seed[flat] = 1;
    const own = network.pulls[l](seed)[chosen.own ?? "X"][chosen.flat];
    seed[flat] = 0;
    if (own === 0) return;
    const places = placesOf(flat, shape);
    const factors = [
      { name: "dY", places, flat, value: slope },
      { name: "jacobian", places, flat, value: own },
    ];
    terms.push({ number: 1, factors, product: slope * own });
  });
  compute(numbers.X, numbers.T);
  return terms;
}

/** The one term of a function that maps each number by itself. */
function termOfPlace(numbers, l, flat) {
  const value = numbers.gradients[l + 1][flat];
  const places = placesOf(flat, facts.layers[l].outputShape);
  const factors = [{ name: "dY", places, flat, value }];
  if (network.slopes[l]) {
    const [X, Y] = [facts.layers[l].takes[0], l + 1].map((k) => numbers.values[k]);
    const D = new Float64Array(X.length);
    network.slopes[l](X, Y, D);
    factors.push({ name: "slope", places, flat, value: D[flat] });
  }
  return { number: 1, factors, product: factors.reduce((all, one) => all * one.value, 1) };
}

/** The number of the next value whose gradient is a factor of a term. */
function nextOf(term) {
  const factor = term.factors.find(({ name }) => name === "dY");
  return factor && { value: term.layer + 1, flat: factor.flat };
}

/**
 * From a chosen number to the loss, each level with its terms, of which one is followed: the
 * largest, if `followed` names no other.
 */
function levelsOf(numbers, chosen, followed = []) {
  const levels = [];
  for (let at = chosen; at !== undefined;) {
    const found = termsOf(numbers, at);
    const order = found.terms.map((_, place) => place);
    const size = (place) => Math.abs(found.terms[place].product);
    order.sort((a, b) => size(b) - size(a) || a - b);
    const own = followed[levels.length];
    const place = own !== undefined && own < order.length ? own : order[0];
    levels.push({ ...found, at, value: gradientOf(numbers, at), order, place });
    at = place === undefined ? undefined : nextOf(found.terms[place]);
  }
  return levels;
}

/** The factors along the path that levels follow, the last a gradient of the next rule. */
function pathOf(levels) {
  const factors = [];
  for (const { terms, place, at } of levels) {
    if (place === undefined) continue;
    const term = terms[place];
    if (term.number !== 1) factors.push({ label: short(term.number), value: term.number });
    for (const factor of term.factors) {
      if (factor.name !== "dY")
        factors.push({ label: factorName(at, term, factor), value: factor.value });
    }
  }
  const last = levels[levels.length - 1];
  factors.push({ label: `∂L/∂${numberName(last.at)}`, value: last.value });
  return { factors, product: factors.reduce((product, { value }) => product * value, 1) };
}

/** The name of a factor of a term of the gradient by a number. */
function factorName(at, { layer }, { name, flat }) {
  const y = { value: layer + 1, flat };
  if (name === "dY") return `∂L/∂${numberName(y)}`;
  if (name === "X") return numberName({ value: facts.layers[layer].takes[0], flat });
  if (name === "slope" || name === "jacobian") return `∂${numberName(y)}/∂${numberName(at)}`;
  return name === "Y" ? numberName(y) : numberName({ layer, own: name, flat });
}
