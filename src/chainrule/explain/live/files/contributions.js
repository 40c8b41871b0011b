// What each number of X contributed to a score.

/** The factors whose sum with the numbers that the loss takes is a score. */
function scoreFactors(score) {
  const { layers } = facts.loss;
  const { members } = facts.loss.shares;
  const size = sizeOf(valueShape(layers));
  const outputs = size / members;
  const factors = new Float64Array(size);
  const two = outputs === 1 && facts.answers.kind === "classes";
  for (let k = 0; k < members; k++) {
    factors[k * outputs + (two ? 0 : score)] = (two && score === 0 ? -1 : 1) / members;
  }
  return factors;
}

/** A score of X, and its gradient by X. */
function scoreAt(X, score) {
  const factors = scoreFactors(score);
  const given = network.forward(X)[facts.loss.layers];
  const value = factors.reduce((sum, factor, k) => sum + factor * given[k], 0);
  return { value, gradient: Float64Array.from(network.backwardFrom(factors)) };
}

/** Input × gradient: what each number of X would add if the score were linear. */
function inputTimesGradient(X, baseline, score) {
  const { value, gradient } = scoreAt(X, score);
  const start = scoreAt(baseline, score).value;
  const shares = gradient.map((slope, p) => (X[p] - baseline[p]) * slope);
  return { shares, difference: value - start, steps: 1 };
}

/**
 * Integrated gradients: the gradient's mean on the way from a baseline to X, times that way.
 * Points are doubled until the shares add up to the difference of the scores, or time is up.
 */
function integratedGradients(X, baseline, score, allowed = 1e-3, most = 1024, seconds = Infinity) {
  const begin = performance.now();
  const end = scoreAt(X, score).value;
  const difference = end - scoreAt(baseline, score).value;
  let shares;
  let steps = 16;
  for (; ; steps *= 2) {
    shares = alongTheWay(X, baseline, score, steps);
    const sum = shares.reduce((total, share) => total + share, 0);
    const near = Math.abs(sum - difference) <= allowed * Math.abs(difference);
    if (near || steps >= most || performance.now() - begin > 500 * seconds) break;
  }
  return { shares, difference, steps };
}

function alongTheWay(X, baseline, score, steps) {
  const shares = new Float64Array(X.length);
  const point = new Float64Array(X.length);
  for (let step = 0; step < steps; step++) {
    const t = (step + 0.5) / steps;
    for (let p = 0; p < X.length; p++) point[p] = baseline[p] + t * (X[p] - baseline[p]);
    const { gradient } = scoreAt(point, score);
    for (let p = 0; p < X.length; p++) shares[p] += (gradient[p] * (X[p] - baseline[p])) / steps;
  }
  return shares;
}

/** The shares of what X was made of: columns of a row, or pixels. */
function ofRaw(shares) {
  const groups = facts.inputs.groups;
  if (!groups.length) return shares;
  const found = new Float64Array(Math.max(...groups) + 1);
  shares.forEach((share, p) => (found[groups[p]] += share));
  return found;
}
