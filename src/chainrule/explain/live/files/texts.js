// The words of a text, and which numbers of X stand for them.

/**
 * The features of a text where they stand: { words, found: [{ place, standing }] }, standing being
 * the places of the words that a feature is made of.
 */
function occurrencesIn(text) {
  const { wordsOf, inRuns, WORDS, RUNS, PIECES, placeOf, pieces, LONGEST, GOLDEN } =
    network.vocabulary;
  const words = wordsOf(text);
  const all = words.map((word) => WORDS.get(word));
  const found = [];
  const add = (place, standing) => {
    if (place !== undefined) found.push({ place, standing });
  };
  all.forEach((place, i) => add(place, [i]));
  const rows = all.map((row, i) => (inRuns(words[i]) ? row : undefined));
  rows.forEach((row, i) => {
    let key = row === undefined ? 0n : BigInt(row + 1);
    const standing = [i];
    for (let last = i + 1; last < i + LONGEST && rows[last - 1] !== undefined; last++) {
      if (rows[last] === undefined) break;
      key = BigInt.asUintN(64, key * GOLDEN + BigInt(rows[last] + 1));
      standing.push(last);
      add(placeOf(RUNS, key), standing.slice());
    }
  });
  if (PIECES.size) {
    words.forEach((word, i) => {
      for (const key of pieces(word)) add(placeOf(PIECES, key), [i]);
    });
  }
  return { words, found };
}

/** What each word of a text contributed: the share of a feature is split evenly among its words. */
function sharesOfWords(text, shares) {
  const { words, found } = occurrencesIn(text);
  const counts = new Map();
  for (const { place } of found) counts.set(place, (counts.get(place) ?? 0) + 1);
  const own = new Float64Array(words.length);
  for (const { place, standing } of found) {
    const share = shares[place] / counts.get(place) / standing.length;
    for (const word of standing) own[word] += share;
  }
  return { words, shares: own };
}

/** What a number of X counts: a word, or words in a row or parts of words that a text has. */
function featureIn(text, place) {
  const word = wordAt(place);
  if (word !== undefined) return word;
  const { words, found } = occurrencesIn(text);
  const own = found.find((each) => each.place === place);
  if (own === undefined) return undefined;
  const named = own.standing.map((at) => words[at]).join(" ");
  return own.standing.length > 1 ? named : `part of ${named}`;
}

let wordsByPlace = null;

/** The word that a number of X counts; undefined of runs of words and of pieces. */
function wordAt(place) {
  wordsByPlace ??= new Map(Array.from(network.vocabulary.WORDS, ([word, at]) => [at, word]));
  return wordsByPlace.get(place);
}
