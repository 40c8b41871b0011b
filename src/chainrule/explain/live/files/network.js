// What the network's program makes of a sample: values, which are counted from X, and gradients.

/**
 * The numbers forward, the loss, and the gradients backward, each beside its value: X is value 0,
 * what layer l makes is value l + 1.
 */
function compute(X, T) {
  const values = network.forward(X);
  const back = network.backward(T);
  return {
    X,
    T,
    values: [...values, ...network.insideValues],
    loss: back.loss,
    gradients: [back.dX, ...back.values, ...network.insideGradients],
    parameters: back.parameters,
  };
}

/** The layers in the order in which they run: those inside of a block, if one is named, or all. */
function inOrder(within = null) {
  return facts.layers.flatMap((layer, l) => (layer.within === within ? [...inOrder(l), l] : []));
}

/** The layers of the chain itself, or those that a block holds. */
function layersWithin(within = null) {
  return Array.from(facts.layers.keys()).filter((l) => facts.layers[l].within === within);
}

/** The name of a value: X, or Y with the place of the layer that makes it. */
function valueName(value) {
  return value === 0 ? "X" : `Y${facts.layers[value - 1].suffix}`;
}

function valueShape(value) {
  return value === 0 ? facts.layers[0].inputShape : facts.layers[value - 1].outputShape;
}

/** The parameter that a chosen number is in; undefined of a number of a value. */
function parameterOf({ layer, own }) {
  return own === undefined ? undefined : facts.layers[layer].parameters[own];
}

/** The name of a number: W0[20,5] or Y1[3]. */
function numberName(at) {
  const parameter = parameterOf(at);
  const name = parameter ? parameter.label : valueName(at.value);
  const shape = parameter ? parameter.shape : valueShape(at.value);
  return `${name}[${placesOf(at.flat, shape).join(",")}]`;
}

/** The gradient by a chosen number: { layer, own, flat } of a parameter, or { value, flat }. */
function gradientOf(numbers, chosen) {
  const parameter = parameterOf(chosen);
  const gradient = parameter ? numbers.parameters[parameter.name] : numbers.gradients[chosen.value];
  return gradient[chosen.flat];
}

/** The array that a chosen number is in, if it may be changed: a parameter, or X. */
function arrayOf(numbers, chosen) {
  const parameter = parameterOf(chosen);
  if (parameter) return network.parameters[parameter.name];
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
