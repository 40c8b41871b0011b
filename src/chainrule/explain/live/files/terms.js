// A line of index notation, such as dW[i,o] = X[i] dY[o], as the terms of one of its numbers.

/** The value of an index, given its letters. */
function indexValue(index, values) {
  let sum = index.offset;
  for (const letter in index.letters) sum += index.letters[letter] * values[letter];
  return sum;
}

/**
 * The terms whose sum is the number of a line at a place: [{ factors: [{ name, place }], product }].
 * @param {Object} line as the page's facts have it
 * @param {number[]} target the places along the axes of the left side
 * @param {Object} arrays numbers by the names in the line
 */
function termsAt(line, target, arrays) {
  const found = [];
  for (const term of line.terms) {
    const values = {};
    const fixed = term.left.every((index, axis) => fix(index, target[axis], values));
    if (!fixed) continue;
    const free = term.letters.filter((letter) => !(letter in values));
    each(free, line.sizes, values, () => {
      if (term.left.some((index, axis) => indexValue(index, values) !== target[axis])) return;
      const factors = term.factors.map((factor) => factorAt(factor, values, arrays));
      if (factors.includes(null)) return;
      const product = factors.reduce((product, factor) => product * factor.value, term.number);
      found.push({ number: term.number, factors, product });
    });
  }
  return found;
}

/** Give a letter that is an index by itself its value; false where it has another already. */
function fix(index, value, values) {
  const letters = Object.keys(index.letters);
  if (letters.length !== 1 || index.letters[letters[0]] !== 1 || index.offset) return true;
  if (letters[0] in values) return values[letters[0]] === value;
  values[letters[0]] = value;
  return true;
}

/** Call a function for each combination of values of letters. */
function each(letters, sizes, values, call) {
  if (!letters.length) return call();
  const [letter, ...others] = letters;
  for (values[letter] = 0; values[letter] < sizes[letter]; values[letter]++) {
    each(others, sizes, values, call);
  }
  delete values[letter];
}

/** A factor with its place and value, null outside of its array, where all is zero. */
function factorAt(factor, values, arrays) {
  const places = factor.indices.map((index) => indexValue(index, values));
  if (places.some((place, axis) => place < 0 || place >= factor.shape[axis])) return null;
  const flat = flatOf(places, factor.shape);
  return { name: factor.name, places, flat, value: arrays[factor.name][flat] };
}
