// A parameter as a picture, in which a number is chosen by pointer, keys or its indices.

const MOST_WIDE = 520;
const MOST_HIGH = 420;
const MOST_ROWS = 512;
const MOST_ACROSS = 1024;

/** All parameters that have gradients: [{ layer, own, name, label, shape }]. */
function allParameters() {
  const found = inOrder().flatMap((layer) =>
    Object.entries(facts.layers[layer].parameters).map(([own, told]) => ({ layer, own, ...told })),
  );
  return found.filter(({ name }) => name in state.numbers.parameters);
}

/** The parts that choose a number of a parameter. */
function matrixPart() {
  const all = allParameters();
  const canvas = make("canvas", { tabIndex: 0, className: "matrix", role: "application" });
  const boxes = make("span", { className: "indices" });
  let [current, shown] = [all[0], "weights"];
  let indices = null;
  const take = (place) => choose({ layer: all[place].layer, own: all[place].own, flat: 0 });
  const which = menu(
    "Parameter",
    all.map(({ label, shape }, place) => [place, `${label} (${shape.join(" × ")})`]),
    take,
  );
  which.select.id = "parameter-choice";
  const what = radios(
    "matrix",
    "what the picture of the parameter shows",
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
    const part = partOf(current);
    const inside = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    const i = part.row + inside((event.clientY - box.top) / box.height, part.rows);
    const j = part.column + inside((event.clientX - box.left) / box.width, part.columns);
    pick(i * part.across + j);
  };
  canvas.onkeydown = (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    const [down, right] = ARROWS[event.key];
    const { across, rows } = matrixSize(current.shape);
    if (state.chosen?.own === undefined) return pick(0);
    const flat = state.chosen.flat + down * across + right;
    if (flat >= 0 && flat < rows * across) pick(flat);
  };
  const note = make("p", { className: "note" });
  view(() => {
    const { chosen } = state;
    if (!current) return;
    if (chosen?.own !== undefined) {
      const place = all.findIndex(({ layer, own }) => layer === chosen.layer && own === chosen.own);
      if (all[place] !== current || indices === null) {
        current = all[place];
        indices = indexBoxes(current, pick);
        boxes.replaceChildren(...indices.elements);
      }
      indices.show(chosen.flat);
      which.select.value = place;
    }
    paintMatrix(canvas, current, shown);
    note.textContent = partSaid(partOf(current));
  });
  const frame = make("div", { className: "scroll matrixframe" }, canvas, note);
  return [make("p", { className: "tools" }, which.element, boxes, what), frame];
}

function matrixSize(shape) {
  const most = shape.length === 3 ? 2 : 1;
  const rows = sizeOf(shape.slice(0, Math.min(most, shape.length - 1)));
  return { rows, across: sizeOf(shape) / rows };
}

/** The part of a parameter that is shown: all of it, or what is around the chosen number. */
function partOf({ name, shape }) {
  const { rows, across } = matrixSize(shape);
  const { chosen } = state;
  const flat = chosen && parameterOf(chosen)?.name === name ? chosen.flat : null;
  const [i, j] = [Math.floor((flat ?? 0) / across), (flat ?? 0) % across];
  const row = i - (i % MOST_ROWS);
  const column = j - (j % MOST_ACROSS);
  return {
    row,
    column,
    rows: Math.min(MOST_ROWS, rows - row),
    columns: Math.min(MOST_ACROSS, across - column),
    across,
    whole: rows,
    chosen: flat === null ? null : [i - row, j - column],
  };
}

/** What of a parameter is left out. */
function partSaid({ row, column, rows, columns, across, whole }) {
  if (rows === whole && columns === across) return "";
  const range = (begin, count, all) => `${begin} to ${begin + count - 1} of ${all}`;
  return `Shown: rows ${range(row, rows, whole)}, columns ${range(column, columns, across)}.`;
}

function paintMatrix(canvas, current, shown) {
  const { name, label } = current;
  const part = partOf(current);
  const fits = Math.floor(Math.min(MOST_WIDE / part.columns, MOST_HIGH / part.rows));
  const side = Math.max(2, Math.min(14, fits));
  canvas.width = part.columns * side;
  canvas.height = part.rows * side;
  canvas.ariaLabel = `${label}, ${part.whole} rows of ${part.across}. Click, or move with arrow keys, to choose a number.`;
  const array = shown === "weights" ? network.parameters[name] : state.numbers.parameters[name];
  const numbers = new Float64Array(part.rows * part.columns);
  for (let i = 0; i < part.rows; i++) {
    const begin = (part.row + i) * part.across + part.column;
    numbers.set(array.subarray(begin, begin + part.columns), i * part.columns);
  }
  paintNumbers(canvas, numbers, largest(array), side);
  if (part.chosen === null) return;
  const [i, j] = part.chosen;
  const pen = canvas.getContext("2d");
  pen.strokeStyle = themed("accent");
  pen.lineWidth = Math.max(2, side / 5);
  const margin = Math.max(0, 3 - side / 2);
  pen.strokeRect(j * side - margin, i * side - margin, side + 2 * margin, side + 2 * margin);
}

/** A box for each index of a number, which takes those that exist; `show` tells the chosen ones. */
function indexBoxes({ shape }, pick) {
  const problem = (size) => (place) =>
    Number.isInteger(place) && place >= 0 && place < size
      ? ""
      : `Expected a whole number from 0 to ${size - 1}`;
  const read = () => {
    if (boxes.every(({ check }) => check()))
      pick(
        flatOf(
          boxes.map(({ number }) => number()),
          shape,
        ),
      );
  };
  const boxes = shape.map((size, axis) => {
    const ariaLabel = `index ${axis}, from 0 to ${size - 1}`;
    return numberBox({ min: 0, max: size - 1, step: 1, ariaLabel }, problem(size), read);
  });
  let shown = null;
  const show = (flat) => {
    if (flat === shown) return; // what is being typed stays
    shown = flat;
    placesOf(flat, shape).forEach((place, axis) => {
      const { field, set } = boxes[axis];
      if (document.activeElement !== field || field.value !== `${place}`) set(place);
    });
  };
  const fields = boxes.flatMap(({ field }, axis) => (axis ? [" , ", field] : [field]));
  return { show, elements: ["at ", ...fields, ...boxes.map(({ told }) => told)] };
}
