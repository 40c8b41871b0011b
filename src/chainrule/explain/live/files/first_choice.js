// The number that is explained first, until somebody chooses another.

/** Whether the page has to choose: at first, and when a text has not what was chosen of another. */
function isFirstChoiceDue() {
  const { chosen, chosenByHand } = state;
  if (chosen === null) return true;
  return facts.inputs.kind === "text" && !chosenByHand && !isOfText(chosen);
}

/** Of the first parameter that has a gradient the number with the largest; of a text, of a word. */
function firstChoice() {
  const gradients = state.numbers.parameters;
  const all = allParameters();
  const first = all.find(({ name }) => largest(gradients[name]) > 0) ?? all[0];
  if (!first) return { value: 0, flat: 0 };
  const { layer, own, name, shape } = first;
  const row = sizeOf(shape.slice(1));
  const ofWord = (flat) => wordAt(Math.floor(flat / row)) !== undefined;
  const words = isOfFeatures(first) ? placeOfLargest(gradients[name], ofWord) : null;
  return { layer, own, flat: words ?? placeOfLargest(gradients[name]) ?? 0 };
}

/** The place of the number that is farthest from zero, of those that are allowed; null of zeros. */
function placeOfLargest(numbers, allowed = () => true) {
  let [place, most] = [null, 0];
  numbers.forEach((x, flat) => {
    if (Math.abs(x) > most && allowed(flat)) [place, most] = [flat, Math.abs(x)];
  });
  return place;
}

/** Whether the rows of a parameter are those of the features of a text. */
function isOfFeatures(at) {
  if (at.own === undefined || facts.inputs.kind !== "text") return false;
  return facts.layers[at.layer].takes[0] === 0 && parameterOf(at).shape.length === 2;
}

/** Whether a chosen number is in the row of a feature that the text has. */
function isOfText(chosen) {
  if (!isOfFeatures(chosen)) return false;
  return state.numbers.X[placesOf(chosen.flat, parameterOf(chosen).shape)[0]] !== 0;
}
