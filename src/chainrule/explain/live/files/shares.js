// What each input contributed to a score, as a picture or a list.

const MOST_SHARES = 15;

function showShares() {
  const body = document.getElementById("contributions-body");
  const { labels } = facts.answers;
  const choice = { score: null, method: "integrated", baseline: "zeros" };
  if (facts.inputs.kind === "text") choice.method = "product";
  const pick = (name) => (value) => {
    choice[name] = value;
    refresh();
  };
  const scores = menu(
    "Score of",
    [["answer", "the answer"], ...labels.map((label, k) => [k, label])],
    (value) => pick("score")(value === "answer" ? null : Number(value)),
  );
  const methods = menu(
    "by",
    [
      ["integrated", "integrated gradients"],
      ["product", "input × gradient"],
    ],
    pick("method"),
  );
  methods.select.value = choice.method;
  const from = menu("from", baselines(), pick("baseline"));
  const result = make("div");
  const canvas = facts.inputs.grid
    ? make("canvas", { className: "shares", role: "img", ariaLabel: "what each pixel contributed" })
    : null;
  body.append(
    make("p", { className: "tools" }, scores.element, methods.element, from.element),
    make("div", { className: "beside" }, result, ...(canvas ? [make("div", {}, canvas)] : [])),
  );
  let timer = 0;
  const draw = () => {
    const score = choice.score ?? state.answer.place ?? 0;
    const given = [state.X, baselineOf(choice.baseline), score];
    const whole = choice.method === "product";
    const found = whole
      ? inputTimesGradient(...given)
      : integratedGradients(...given, 1e-3, 1024, 0.3);
    state.numbers = compute(state.numbers.X, state.numbers.T);
    result.innerHTML = sharesHtml(found, labels[score], choice);
    if (canvas) paintShares(canvas, ofRaw(found.shares));
  };
  view(() => {
    clearTimeout(timer);
    if (state.trouble) return;
    if (inPaper()) draw();
    else timer = setTimeout(draw, 60);
  });
}

function baselines() {
  const found = [["zeros", facts.inputs.kind === "text" ? "an empty text" : "zeros of X"]];
  if (facts.inputs.grid) found.push(["blank", "a blank picture"]);
  const others = facts.inputs.kind === "text" ? [] : facts.samples;
  if (others.length > 1)
    others.forEach(({ row, label }, k) =>
      found.push([`${k}`, `row ${row}${label ? `: ${label}` : ""}`]),
    );
  return found;
}

function baselineOf(name) {
  if (name === "zeros") return new Float64Array(state.X.length);
  let raw;
  if (name === "blank") {
    const [low] = pixelRange(facts.inputs.grid);
    raw = state.raw.map(() => low);
  } else raw = facts.samples[Number(name)].x;
  return Float64Array.from(network.encode(programSample(raw)));
}

function sharesHtml(found, label, { method }) {
  const text = facts.inputs.kind === "text" ? sharesOfWords(state.raw[0], found.shares) : null;
  const own = text ? text.shares : ofRaw(found.shares);
  const names = text ? text.words : facts.inputs.columns.map(({ name }) => name);
  const sum = found.shares.reduce((total, share) => total + share, 0);
  const order = Array.from(own.keys()).filter((k) => own[k] !== 0);
  order.sort((a, b) => Math.abs(own[b]) - Math.abs(own[a]));
  const most = Math.abs(own[order[0]] ?? 0);
  const row = (k) => {
    const [sign, strength] = shade(own[k], most);
    const bar = `<i class="${sign}" style="width:${100 * strength}%"></i>`;
    return `<tr><th title="${escaped(names[k])}">${escaped(names[k])}</th><td class="bars">${bar}</td><td>${numberHtml(own[k])}</td></tr>`;
  };
  const rest = order.slice(MOST_SHARES);
  const more = rest.length
    ? `<tr><th>${rest.length} more</th><td></td><td>${numberHtml(rest.reduce((total, k) => total + own[k], 0))}</td></tr>`
    : "";
  const { difference } = found;
  const side = difference < 0 ? "less" : "more";
  const told = `The score of ${escaped(label)} is ${numberHtml(Math.abs(difference))} ${side} than that of the baseline; the shares add up to ${numberHtml(sum)} (${waySaid(found, sum, method)}).`;
  const list = order.slice(0, MOST_SHARES).map(row).join("");
  const words = text ? wordsHtml(text, most) : "";
  return `<p>${told}</p>${words}<table class="sharelist">${list}${more}</table>`;
}

/** How good the shares are. */
function waySaid({ difference, steps }, sum, method) {
  if (Math.abs(sum - difference) <= 1e-9 * Math.abs(difference)) return "exactly";
  if (method === "product") return "the score is not linear";
  return `${steps} points on the way`;
}

/** The words of a text in the colours of their shares. */
function wordsHtml({ words, shares }, most) {
  const each = words.map((word, k) => {
    const [sign, strength] = shade(shares[k], most);
    return `<span class="${sign}" style="--strength:${Math.round(70 * strength)}%" title="${exactly(shares[k])}">${escaped(word)}</span>`;
  });
  return `<p class="words">${each.join(" ")}</p>`;
}

function paintShares(canvas, shares) {
  const { grid } = facts.inputs;
  const side = Math.max(1, Math.floor(256 / Math.max(grid.width, grid.height)));
  canvas.width = grid.width * side;
  canvas.height = grid.height * side;
  const numbers = grid.places[0].map((_, flat) =>
    grid.places.reduce(
      (sum, channel) => sum + (channel[flat] < 0 ? 0 : (shares[channel[flat]] ?? 0)),
      0,
    ),
  );
  paintNumbers(canvas, numbers, largest(numbers), side);
}
