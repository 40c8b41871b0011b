// What is grey while a sample has no numbers: all that shows those of before.

/** Let the parts below the sample be grey, and closed to screen readers, while there is trouble. */
function greyWithoutNumbers() {
  for (const section of document.querySelectorAll("main > section:not(#sample)")) {
    const body = section.lastElementChild;
    const note = make("p", { className: "wrong" });
    body.before(note);
    view(() => {
      const { trouble } = state;
      body.inert = trouble !== "";
      note.textContent = trouble && `${trouble} The grey numbers are those of before.`;
    });
  }
}
