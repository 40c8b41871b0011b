// The page comes together.

document.getElementById("formula").textContent = facts.formula;
state.chosen = firstChoice();
showSample();
takeSample(0);
for (const show of [showAnswer, showPicture, showGradient, showStep, showShares, showLayers])
  show();
refresh();
addEventListener("beforeprint", () => {
  document.querySelectorAll("details.card").forEach((card) => (card.open = true));
});

/** The weight that is explained first: one of the first layer whose input and gradient are not 0. */
function firstChoice() {
  const [first] = allParameters();
  return first ? { layer: first.layer, own: first.own, flat: 0 } : { value: 0, flat: 0 };
}
