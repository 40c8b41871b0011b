// The words of a text, and which numbers of X stand for them.

/**
 * The features of a text where they stand: { words, found: [{ place, standing, name }] }, standing
 * being the places of the words that a feature is made of.
 */
function occurrencesIn(text) {
  const { wordsOf, WORDS, RUNS, PIECES, placeOf, LONGEST, GOLDEN } = network.vocabulary;
  const words = wordsOf(text);
  const rows = words.map((word) => WORDS.get(word));
  const found = [];
  const add = (place, standing, name) => {
    if (place !== undefined) found.push({ place, standing, name });
  };
  rows.forEach((place, i) => add(place, [i], words[i]));
  rows.forEach((row, i) => {
    let key = row === undefined ? 0n : BigInt(row + 1);
    const standing = [i];
    for (let last = i + 1; last < i + LONGEST && rows[last - 1] !== undefined; last++) {
      if (rows[last] === undefined) break;
      key = BigInt.asUintN(64, key * GOLDEN + BigInt(rows[last] + 1));
      standing.push(last);
      const name = standing.map((place) => words[place]).join(" ");
      add(placeOf(RUNS, key), standing.slice(), name);
    }
  });
  if (PIECES.size) {
    words.forEach((word, i) => {
      for (const [key, name] of piecesOf(word)) add(placeOf(PIECES, key), [i], name);
    });
  }
  return { words, found };
}

/** The numbers of the pieces of a word, and the pieces. */
function piecesOf(word) {
  const { LEAST, MOST, GOLDEN } = network.vocabulary;
  const letters = [...`<${word}>`];
  const found = [];
  for (let i = 0; i < letters.length; i++) {
    let key = 0n;
    for (let length = 1; length <= MOST && i + length <= letters.length; length++) {
      const letter = letters[i + length - 1];
      key = BigInt.asUintN(64, key * GOLDEN + BigInt(letter.codePointAt(0) + 1));
      const edge = length === 1 && (i === 0 || i === letters.length - 1);
      if (length >= LEAST && !edge) found.push([key, letters.slice(i, i + length).join("")]);
    }
  }
  return found;
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
