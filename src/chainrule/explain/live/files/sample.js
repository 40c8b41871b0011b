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
  const told = { table: "what is usual in training", text: "frequent words", numbers: "zeros" };
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

/** A field for each raw number: a slider and its number, or a menu of values. */
function fields() {
  const list = make("div", { className: "fields" });
  facts.inputs.columns.forEach((column, place) => {
    list.append(column.values ? valueField(column, place) : numberField(column, place));
  });
  return list;
}

function numberField({ name, range, told }, place) {
  const set = (text) => {
    state.raw[place] = text === "" ? null : Number(text);
    changed();
  };
  const number = make("input", { type: "number", step: "any", ariaLabel: name, title: told });
  number.oninput = () => set(number.value);
  const row = make("div", { className: "field" }, make("span", { textContent: name, title: name }));
  let slider = null;
  if (range && range[0] < range[1]) {
    slider = make("input", {
      type: "range",
      min: range[0],
      max: range[1],
      step: "any",
      ariaLabel: name,
    });
    slider.oninput = () => set(slider.value);
    row.append(slider);
  }
  row.append(number);
  view(() => {
    const value = state.raw[place];
    if (document.activeElement !== number)
      number.value = value === null ? "" : Number(value.toPrecision(6));
    number.title = value === null ? "missing" : exactly(value);
    if (slider && document.activeElement !== slider && value !== null) slider.value = value;
  });
  return row;
}

function valueField({ name, values }, place) {
  const options = [["", "missing"], ...values.map((value) => [value, value])];
  const known = new Set(values);
  const choice = make("select", { ariaLabel: name });
  options.forEach(([value, textContent]) => choice.append(make("option", { value, textContent })));
  choice.onchange = () => {
    state.raw[place] = choice.value === "" ? null : choice.value;
    changed();
  };
  view(() => (choice.value = known.has(state.raw[place]) ? state.raw[place] : ""));
  return make(
    "div",
    { className: "field" },
    make("span", { textContent: name, title: name }),
    choice,
  );
}
