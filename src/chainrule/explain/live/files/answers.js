// The answer to the sample, and what the loss takes for the true one.

function showAnswer() {
  const body = document.getElementById("sample-answer");
  const headline = make("p", { className: "headline", ariaLive: "polite" });
  const list = make("div", { className: "answers" });
  const number = make("span", { className: "number" });
  const after = make("span");
  const loss = make("p", { id: "loss" }, `Loss ${facts.loss.title}: L = `, number, after);
  body.append(headline, list, loss);
  const { kind } = facts.answers;
  const rows = kind === "numbers" ? numberAnswers(list) : probabilityAnswers(list, kind);
  view(() => {
    headline.classList.toggle("trouble", state.trouble !== "");
    headline.textContent = state.trouble || answerText();
    rows();
    showNumber(number, state.trouble ? undefined : state.numbers.loss, short);
    after.textContent = isTrained() ? "" : ", after steps of gradient descent";
  });
}

function answerText() {
  const { answer } = state;
  const { kind, name, labels } = facts.answers;
  const what = name ? `${name}: ` : "The answer: ";
  if (kind === "classes") return what + labels[answer.place];
  if (kind === "labels") return what + (answer.labels.join(", ") || "no label");
  return what + Array.from(answer, short).join(", ");
}

function probabilities() {
  return state.answer?.probabilities;
}

/** A bar for each class or label, and what says which is true. */
function probabilityAnswers(list, kind) {
  const { labels } = facts.answers;
  const one = kind === "classes";
  const rows = labels.map((label, place) => {
    const mark = make("input", {
      type: one ? "radio" : "checkbox",
      name: "true",
      ariaLabel: `${label} is true`,
    });
    mark.onchange = () => {
      if (one) state.T = targetOfPlace(place);
      else state.T[place] = mark.checked ? 1 : 0;
      changed();
    };
    const bar = make("span", { className: "bar" }, make("i"));
    const number = make("span", { className: "number" });
    list.append(
      make("label", { className: "answer" }, mark, make("b", { textContent: label }), bar, number),
    );
    return { mark, bar: bar.firstChild, number };
  });
  list.prepend(
    make("p", { className: "note", textContent: "Marked: what the loss takes for true." }),
  );
  return () => {
    rows.forEach(({ mark, bar, number }, place) => {
      const p = probabilities()?.[place];
      bar.style.width = `${100 * (p ?? 0)}%`;
      showNumber(number, p, percent);
      const { T } = state;
      mark.checked = T.length === 1 && labels.length === 2 ? T[0] === place : T[place] > 0.5;
    });
  };
}

/** The numbers, and fields for the true ones. */
function numberAnswers(list) {
  const { labels, mean, scale, targets } = facts.answers;
  const rows = labels.map((label) => {
    const number = make("span", { className: "number" });
    const row = make("p", { className: "answer tools" }, make("b", { textContent: label }), number);
    list.append(row);
    return { number, row };
  });
  const own = (place, all) => (all ? all[place % all.length] : null);
  const truths = Array.from({ length: targets }, (_, place) => {
    const name = labels[place] ?? labels[0];
    const set = (value) => {
      state.T[place] = (value - (own(place, mean) ?? 0)) / (own(place, scale) ?? 1);
      changed();
    };
    return numberBox({ ariaLabel: `true ${name}` }, notFinite, set, () => set(NaN));
  });
  truths.forEach(({ field, told }, place) => {
    const own = targets === labels.length ? rows[place].row : make("p", { className: "tools" });
    own.append(make("label", {}, "true: ", field), told);
    list.append(own);
  });
  return () => {
    rows.forEach(({ number }, place) => {
      showNumber(number, state.answer?.[place], short);
    });
    truths.forEach(({ field, set }, place) => {
      const value = state.T[place] * (own(place, scale) ?? 1) + (own(place, mean) ?? 0);
      if (document.activeElement !== field && !Number.isNaN(value))
        set(Number(value.toPrecision(6)));
    });
  };
}

/** A number, with its digits on hover; of undefined a dash, which is read out as what it means. */
function showNumber(element, x, written) {
  const none = x === undefined;
  element.textContent = none ? "–" : written(x);
  element.title = none ? "" : exactly(x);
  element.role = none ? "img" : null;
  element.ariaLabel = none ? "no number" : null;
}

function notFinite(number) {
  return Number.isFinite(number) ? "" : "Expected a number";
}
