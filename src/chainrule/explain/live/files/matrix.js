// A parameter as a picture, in which a number is chosen by pointer, keys or its indices.

const MOST_WIDE = 520;
const MOST_HIGH = 420;

/** All parameters: [{ layer, own, name, shape }]. */
function allParameters() {
  return facts.layers.flatMap((layer, k) =>
    Object.entries(layer.parameters).map(([own, { name, shape }]) => ({
      layer: k,
      own,
      name,
      shape,
    })),
  );
}

/** The parts that choose a number of a parameter. */
function matrixPart() {
  const all = allParameters();
  const canvas = make("canvas", { tabIndex: 0, className: "matrix", role: "img" });
  const indices = make("span", { className: "indices" });
  let [current, shown] = [all[0], "weights"];
  const take = (place) => choose({ layer: all[place].layer, own: all[place].own, flat: 0 });
  const which = menu(
    "Parameter",
    all.map(({ name, shape }, place) => [place, `${name} (${shape.join(" × ")})`]),
    take,
  );
  which.select.id = "parameter-choice";
  const what = radios(
    "matrix",
    [
      ["weights", "its numbers"],
      ["gradients", "its gradient"],
    ],
    (value) => {
      shown = value;
      refresh();
    },
  );
  const pick = (flat) => choose({ layer: current.layer, own: current.own, flat });
  canvas.onclick = (event) => {
    const box = canvas.getBoundingClientRect();
    const { rows, across } = matrixSize(current.shape);
    const i = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const j = Math.floor(((event.clientX - box.left) / box.width) * across);
    pick(Math.min(rows - 1, Math.max(0, i)) * across + Math.min(across - 1, Math.max(0, j)));
  };
  canvas.onkeydown = (event) => {
    if (!(event.key in ARROWS) || state.chosen?.own === undefined) return;
    event.preventDefault();
    const [down, right] = ARROWS[event.key];
    const { across, rows } = matrixSize(current.shape);
    const flat = state.chosen.flat + down * across + right;
    if (flat >= 0 && flat < rows * across) pick(flat);
  };
  view(() => {
    const { chosen } = state;
    if (chosen?.own !== undefined) {
      const place = all.findIndex(({ layer, own }) => layer === chosen.layer && own === chosen.own);
      if (all[place] !== current || !indices.children.length) {
        current = all[place];
        fillIndices(indices, current, pick);
      }
      which.select.value = place;
    }
    paintMatrix(canvas, current, shown);
    showIndices(indices, current);
  });
  const frame = make("div", { className: "scroll matrixframe" }, canvas);
  return [make("p", { className: "tools" }, which.element, indices, what), frame];
}

function matrixSize(shape) {
  const most = shape.length === 3 ? 2 : 1;
  const rows = sizeOf(shape.slice(0, Math.min(most, shape.length - 1)));
  return { rows, across: sizeOf(shape) / rows };
}

function paintMatrix(canvas, { name, shape }, shown) {
  const { rows, across } = matrixSize(shape);
  const fits = Math.floor(Math.min(MOST_WIDE / across, MOST_HIGH / rows));
  const side = Math.max(2, Math.min(14, fits));
  canvas.width = across * side;
  canvas.height = rows * side;
  canvas.ariaLabel = `${name}, ${rows} rows of ${across}. Click, or move with arrow keys, to choose a number.`;
  const array = shown === "weights" ? network.parameters[name] : state.numbers.parameters[name];
  paintNumbers(canvas, array, largest(array), side);
  const { chosen } = state;
  if (chosen?.own === undefined || facts.layers[chosen.layer].parameters[chosen.own].name !== name)
    return;
  const [i, j] = [Math.floor(chosen.flat / across), chosen.flat % across];
  const pen = canvas.getContext("2d");
  pen.strokeStyle = themed("accent");
  pen.lineWidth = Math.max(2, side / 5);
  const margin = Math.max(0, 3 - side / 2);
  pen.strokeRect(j * side - margin, i * side - margin, side + 2 * margin, side + 2 * margin);
}

/** A field for each index of a number. */
function fillIndices(indices, { shape }, pick) {
  const inputs = shape.map((size, axis) =>
    make("input", {
      type: "number",
      min: 0,
      max: size - 1,
      step: 1,
      ariaLabel: `index ${axis}, up to ${size - 1}`,
    }),
  );
  const read = () => {
    const places = inputs.map(({ value }) => Number(value));
    const fits = places.every(
      (place, axis) => Number.isInteger(place) && place >= 0 && place < shape[axis],
    );
    if (fits) pick(flatOf(places, shape));
  };
  inputs.forEach((input) => (input.oninput = read));
  indices.replaceChildren(
    "at ",
    ...inputs.flatMap((input, axis) => (axis ? [" , ", input] : [input])),
  );
}

function showIndices(indices, { shape }) {
  if (state.chosen?.own === undefined) return;
  const places = placesOf(state.chosen.flat, shape);
  indices.querySelectorAll("input").forEach((input, axis) => {
    if (document.activeElement !== input) input.value = places[axis];
  });
}
