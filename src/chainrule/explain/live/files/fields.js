// A field for each cell of a raw row: a slider and its number, a menu, a date, or a text.

function fields() {
  const list = make("div", { className: "fields" });
  const kinds = { number: numberField, truth: truthField, values: valueField };
  Object.assign(kinds, { date: dateField, text: cellField });
  facts.inputs.columns.forEach((column, place) => {
    const label = make("span", { textContent: column.name, title: column.name });
    const parts = kinds[column.kind](column, place);
    list.append(make("div", { className: `field ${column.kind}` }, label, ...parts));
  });
  return list;
}

/** Take what a field says for a cell. */
function setCell(place, value) {
  state.raw[place] = value;
  changed();
}

function numberField({ name, range }, place) {
  const set = (text) => setCell(place, text === "" ? null : Number(text));
  const number = make("input", { type: "number", step: "any", ariaLabel: name });
  number.oninput = () => set(number.value);
  let slider = null;
  if (range && range[0] < range[1]) {
    const [min, max] = range;
    slider = make("input", { type: "range", min, max, step: "any", ariaLabel: name });
    slider.oninput = () => set(slider.value);
  }
  view(() => {
    const value = state.raw[place];
    const shown = value === null ? "" : Number(value.toPrecision(6));
    if (document.activeElement !== number) number.value = shown;
    number.title = value === null ? "missing" : exactly(value);
    if (slider && document.activeElement !== slider && value !== null) slider.value = value;
  });
  return slider ? [slider, number] : [number];
}

/** A menu of values, of which one stands for a missing cell. */
function menuField(name, place, options) {
  const choice = make("select", { ariaLabel: name });
  [["missing", null], ...options].forEach(([textContent], value) =>
    choice.append(make("option", { value, textContent })),
  );
  choice.onchange = () =>
    setCell(place, Number(choice.value) ? options[choice.value - 1][1] : null);
  view(() => (choice.value = 1 + options.findIndex(([, value]) => value === state.raw[place])));
  return [choice];
}

function valueField({ name, values }, place) {
  return menuField(
    name,
    place,
    values.map((value) => [value, value]),
  );
}

function truthField({ name }, place) {
  return menuField(name, place, [
    ["no", 0],
    ["yes", 1],
  ]);
}

/** A date and time of day, which the program takes as seconds since 1970. */
function dateField({ name }, place) {
  const field = make("input", { type: "datetime-local", step: 1, ariaLabel: name });
  field.oninput = () =>
    setCell(place, field.value ? new Date(`${field.value}Z`).getTime() / 1000 : null);
  view(() => {
    const value = state.raw[place];
    if (document.activeElement === field) return;
    field.value = value === null ? "" : new Date(1000 * value).toISOString().slice(0, 19);
  });
  return [field];
}

function cellField({ name }, place) {
  const field = make("textarea", { rows: 2, ariaLabel: name, spellcheck: false });
  field.oninput = () => setCell(place, field.value || null);
  view(() => document.activeElement !== field && (field.value = state.raw[place] ?? ""));
  return [field];
}
