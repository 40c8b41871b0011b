// The page comes together.

document.getElementById("formula").textContent = facts.formula;
showSample();
takeSample(0);
for (const show of [showAnswer, showPicture, showGradient, showStep, showShares, showLayers])
  show();
greyWithoutNumbers();
refresh();
addEventListener("beforeprint", () => inPrint(true));
addEventListener("afterprint", () => inPrint(false));
