// The page comes together.

document.getElementById("formula").textContent = facts.formula;
showSample();
takeSample(0);
state.chosen = firstChoice();
for (const show of [showAnswer, showPicture, showGradient, showStep, showShares, showLayers])
  show();
refresh();
addEventListener("beforeprint", () => inPrint(true));
addEventListener("afterprint", () => inPrint(false));

/** The number that is explained first: of the first parameter that with the largest gradient. */
function firstChoice() {
  const [first] = allParameters();
  if (!first) return { value: 0, flat: 0 };
  const gradient = state.numbers.parameters[first.name];
  const most = largest(gradient);
  const flat = Math.max(
    0,
    gradient.findIndex((slope) => Math.abs(slope) === most),
  );
  return { layer: first.layer, own: first.own, flat };
}
