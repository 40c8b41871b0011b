// The page on paper: in light colours, with all that is folded away or scrolled on the screen.

let unfolded = [];

/** Whether the page is drawn for paper. */
function inPaper() {
  return document.documentElement.classList.contains("paper");
}

/** Draw in the colours of paper and open all, or again as it was on the screen. */
function inPrint(is) {
  if (is === inPaper()) return;
  document.documentElement.classList.toggle("paper", is);
  if (is) unfolded = [...document.querySelectorAll(".card:not([open])")];
  for (const each of unfolded) each.open = is;
  refresh();
  for (const area of document.querySelectorAll("textarea"))
    area.style.height = is ? `${area.scrollHeight + 4}px` : "";
}
