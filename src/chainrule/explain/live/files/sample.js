// The sample: chosen, drawn, moved by sliders, or typed.

function showSample() {
  const body = document.getElementById("sample-input");
  const { inputs, samples } = facts;
  const label = ({ row, label }) => `row ${row}${label ? `: ${label}` : ""}`;
  const choice = menu(
    "Sample",
    samples.map((each, place) => [place, label(each, place)]),
    (place) => takeSample(Number(place)),
  );
  choice.select.id = "sample-choice";
  const tools = make("p", { className: "tools" });
  if (samples.length > 1) tools.append(choice.element);
  tools.append(
    button(samples.length > 1 ? "As it was" : "Start again", () => takeSample(state.sample)),
  );
  body.append(tools);
  const hardest = "The first sample is that of the largest loss: it has the most to teach.";
  if (samples[0].T) body.append(make("p", { className: "note", textContent: hardest }));
  if (!facts.given) body.append(make("p", { className: "note", textContent: beginning() }));
  if (inputs.kind === "text") body.append(textField());
  else if (inputs.grid) body.append(...drawingPart(tools));
  else body.append(fields());
}

function beginning() {
  const table = "medians of training, and the first value of each menu";
  const told = { table, text: "frequent words", numbers: "zeros" };
  return `No samples were given with this page: it begins with ${told[facts.inputs.kind]}.`;
}

function drawingPart(tools) {
  const { grid, columns } = facts.inputs;
  const drawing = drawingOf(grid, changed);
  view(drawing.draw);
  tools.append(
    button("Clear", () => {
      const [low] = pixelRange(grid);
      grid.places.flat().forEach((place) => place >= 0 && (state.raw[place] = low));
      changed();
    }),
    make(
      "label",
      {},
      make("input", {
        type: "checkbox",
        id: "erase",
        onchange: (event) => (drawing.tool.erases = event.target.checked),
      }),
      " erase",
    ),
  );
  if (grid.channels === 3) {
    const color = make("input", { type: "color", value: "#ffffff", ariaLabel: "colour" });
    color.oninput = () =>
      (drawing.tool.color = [1, 3, 5].map((k) => parseInt(color.value.slice(k, k + 2), 16) / 255));
    tools.append(color);
  }
  const told = "Draw on it: every number of the page follows.";
  const parts = [drawing.canvas, make("p", { className: "note", textContent: told })];
  if (columns.length <= 256) {
    const numbers = make("details", {}, make("summary", { textContent: "Its numbers" }));
    numbers.ontoggle = () => {
      if (numbers.children.length === 1) numbers.append(fields());
      changed();
    };
    parts.push(numbers);
  }
  return parts;
}

function textField() {
  const area = make("textarea", { rows: 4, id: "text", ariaLabel: "the text", spellcheck: false });
  area.oninput = () => {
    state.raw = [area.value];
    changed();
  };
  view(() => document.activeElement !== area && (area.value = state.raw[0]));
  return area;
}
