// What the network's program makes of a sample, and where each gradient comes from.

/** The numbers forward, X first, the loss, and the gradients backward, each beside its value. */
function compute(X, T) {
  const values = network.forward(X);
  const back = network.backward(T);
  return {
    X,
    T,
    values,
    loss: back.loss,
    gradients: [back.dX, ...back.values],
    parameters: back.parameters,
  };
}

/** The name of the value that layer k takes: X, or Y of the layer before. */
function valueName(k) {
  return k === 0 ? "X" : `Y${facts.layers[k - 1].suffix}`;
}

function valueShape(k) {
  return k === 0 ? facts.layers[0].inputShape : facts.layers[k - 1].outputShape;
}

/** The gradient by a number of a parameter: {layer, own, flat}. */
function gradientOf(numbers, chosen) {
  if (chosen.own === undefined) return numbers.gradients[chosen.value][chosen.flat];
  return numbers.parameters[facts.layers[chosen.layer].parameters[chosen.own].name][chosen.flat];
}

/** The array that a chosen number is in, which may be changed: a parameter, or X. */
function arrayOf(numbers, chosen) {
  if (chosen.own !== undefined) {
    return network.parameters[facts.layers[chosen.layer].parameters[chosen.own].name];
  }
  return chosen.value === 0 ? numbers.X : null;
}

/** ∂L/∂w as two values of the loss have it, by the forward program alone. */
function difference(numbers, chosen) {
  const array = arrayOf(numbers, chosen);
  if (array === null) return null;
  const { X, T } = numbers;
  const before = array[chosen.flat];
  const h = 1e-5 * Math.max(1, Math.abs(before));
  const lossAt = (w) => {
    array[chosen.flat] = w;
    network.forward(X);
    return network.lossOf(T);
  };
  const [up, down] = [lossAt(before + h), lossAt(before - h)];
  array[chosen.flat] = before;
  compute(X, T);
  return { h, up, down, slope: (up - down) / (before + h - (before - h)) };
}

/** The arrays of layer k by the names in its lines. */
function arraysOf(numbers, k) {
  const arrays = {
    X: numbers.values[k],
    Y: numbers.values[k + 1],
    dY: numbers.gradients[k + 1],
  };
  for (const [own, parameter] of Object.entries(facts.layers[k].parameters)) {
    arrays[own] = network.parameters[parameter.name];
  }
  return arrays;
}

/** How the gradient by a chosen number is made of those of the next layer. */
function termsOf(numbers, chosen) {
  const { layer, own } = chosen;
  const k = own === undefined ? chosen.value : layer;
  if (own === undefined && k === facts.loss.layers) return { kind: "loss", terms: [] };
  const rule = facts.layers[k];
  const line = rule.gradients[own ?? "X"];
  const shape = own === undefined ? valueShape(k) : rule.parameters[own].shape;
  if (line !== undefined) {
    const terms = termsAt(line, placesOf(chosen.flat, shape), arraysOf(numbers, k));
    return { kind: "line", text: line.text, terms };
  }
  if (own === undefined && (rule.same || network.slopes[k])) {
    return { kind: rule.same ? "same" : "slope", terms: [termOfPlace(numbers, k, chosen.flat)] };
  }
  return { kind: "rule", terms: network.pulls[k] ? termsOfRule(numbers, k, chosen) : [] };
}

const MOST_OUTPUTS = 1024;

/** The terms ∂L/∂Y[i] · ∂Y[i]/∂x of any rule, by its backprop from each number of Y alone. */
function termsOfRule(numbers, k, chosen) {
  const shape = facts.layers[k].outputShape;
  const dY = numbers.gradients[k + 1].slice();
  if (dY.length > MOST_OUTPUTS) return [];
  const seed = new Float64Array(dY.length);
  const terms = [];
  dY.forEach((slope, flat) => {
    seed[flat] = 1;
    network.pulls[k](seed);
    seed[flat] = 0;
    const own = gradientOf(numbers, chosen);
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
function termOfPlace(numbers, k, flat) {
  const shape = facts.layers[k].outputShape;
  const value = numbers.gradients[k + 1][flat];
  const factors = [{ name: "dY", places: placesOf(flat, shape), flat, value }];
  if (network.slopes[k]) {
    const D = new Float64Array(numbers.values[k].length);
    network.slopes[k](numbers.values[k], numbers.values[k + 1], D);
    factors.push({ name: "slope", places: factors[0].places, flat, value: D[flat] });
  }
  return { number: 1, factors, product: factors.reduce((all, one) => all * one.value, 1) };
}

/** The number of the next layer whose gradient is a factor of a term. */
function nextOf(chosen, term) {
  const factor = term.factors.find(({ name }) => name === "dY");
  const k = chosen.own === undefined ? chosen.value : chosen.layer;
  return factor && { value: k + 1, flat: factor.flat };
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
    at = place === undefined ? undefined : nextOf(at, found.terms[place]);
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
        factors.push({ label: factorName(at, factor), value: factor.value });
    }
  }
  const last = levels[levels.length - 1];
  factors.push({ label: `∂L/∂${numberName(last.at)}`, value: last.value });
  return { factors, product: factors.reduce((product, { value }) => product * value, 1) };
}

/** The name of a number: W0[20,5] or Y1[3]. */
function numberName({ layer, own, value, flat }) {
  const parameter = own === undefined ? null : facts.layers[layer].parameters[own];
  const name = parameter ? parameter.name : valueName(value);
  const shape = parameter ? parameter.shape : valueShape(value);
  return `${name}[${placesOf(flat, shape).join(",")}]`;
}

/** The name of a factor of a term of the gradient by a number. */
function factorName(at, { name, flat }) {
  const k = at.own === undefined ? at.value : at.layer;
  if (name === "dY") return `∂L/∂${numberName({ value: k + 1, flat })}`;
  if (name === "X") return numberName({ value: k, flat });
  const y = numberName({ value: k + 1, flat });
  if (name === "slope" || name === "jacobian") return `∂${y}/∂${numberName(at)}`;
  return name === "Y" ? y : numberName({ layer: k, own: name, flat });
}
