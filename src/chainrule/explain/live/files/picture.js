// The network as a picture: a column of cells for each value, lines for the strongest weights.

const CELL = 11;
const MOST_CELLS = 512;
const MOST_MAPS = 12;
const MOST_LINES = 150;
const MAP_SIDE = 56;

function showPicture() {
  const body = document.getElementById("network-body");
  let shown = "values";
  const choice = radios(
    "shown",
    [
      ["values", "values forward"],
      ["gradients", "gradients backward"],
    ],
    (value) => {
      shown = value;
      refresh();
    },
  );
  const columns = columnsOfPicture();
  const frame = make("div", { className: "scroll" });
  frame.innerHTML = pictureSvg(columns);
  const told = make("p", { className: "note status", ariaLive: "polite" });
  body.append(make("p", { className: "tools" }, choice, legend()), frame, told);
  body.append(make("p", { className: "note", textContent: leftOut(columns) }));
  const svg = frame.firstElementChild;
  svg.onclick = (event) => {
    const cell = event.target.closest("[data-flat], image");
    if (!cell) return;
    const flat =
      cell.dataset.map === undefined ? Number(cell.dataset.flat) : placeInMap(event, cell);
    choose({ value: Number(cell.dataset.value), flat });
  };
  svg.onkeydown = (event) => moveInPicture(event, columns);
  const cells = [...svg.querySelectorAll("rect[data-flat]")];
  const maps = [...svg.querySelectorAll("image")];
  view(() => {
    paintCells(cells, shown);
    maps.forEach((map) => paintMap(map, shown));
    told.innerHTML = statusOf();
  });
}

function legend() {
  return make("span", {
    className: "legend",
    innerHTML: '<i class="minus"></i> negative <i class="plus"></i> positive',
  });
}

/** The places of the cells of each value. */
function columnsOfPicture() {
  let x = 4;
  return [{}, ...facts.layers].map((_, k) => {
    const column = k === 0 && facts.inputs.grid ? gridColumn() : shapeColumn(valueShape(k));
    const crosses = k < facts.layers.length && linesOf(k) !== null;
    const room = Math.max(column.width, 5 * kindName(k).length);
    Object.assign(column, { k, x: x + (room - column.width) / 2 });
    x += room + (crosses ? 70 : 22);
    return column;
  });
}

/** The kind of function that makes a value. */
function kindName(k) {
  return k === 0 ? "input" : facts.layers[k - 1].title.replace(/^\S+ /, "").replace(/\(.*/, "");
}

/** Numbers of X on the grid of pixels that they come from. */
function gridColumn() {
  const { grid, groups } = facts.inputs;
  if (grid.channels > 1 || grid.width * grid.height > MOST_CELLS) return shapeColumn(valueShape(0));
  const first = new Map();
  groups.forEach((raw, p) => first.has(raw) || first.set(raw, p));
  const cells = [];
  grid.places[0].forEach((place, flat) => {
    if (!first.has(place)) return;
    const [i, j] = [Math.floor(flat / grid.width), flat % grid.width];
    cells.push({ flat: first.get(place), x: j * CELL, y: i * CELL });
  });
  return { cells, maps: [], width: grid.width * CELL, height: grid.height * CELL, left: 0 };
}

function shapeColumn(shape) {
  const size = sizeOf(shape);
  if (shape.length === 3 && shape[1] * shape[2] > 1) return mapsColumn(shape);
  const shown = Math.min(size, MOST_CELLS);
  const rows = shown <= 16 ? shown : Math.max(16, Math.ceil(Math.sqrt(2 * shown)));
  const across = Math.ceil(shown / rows);
  const cells = Array.from({ length: shown }, (_, flat) => ({
    flat,
    x: (flat % across) * CELL,
    y: Math.floor(flat / across) * CELL,
  }));
  return { cells, maps: [], width: across * CELL, height: rows * CELL, left: size - shown };
}

function mapsColumn([channels, height, width]) {
  const shown = Math.min(channels, MOST_MAPS);
  const across = shown > 6 ? 2 : 1;
  const maps = Array.from({ length: shown }, (_, c) => ({
    c,
    height,
    width,
    x: (c % across) * (MAP_SIDE + 4),
    y: Math.floor(c / across) * (MAP_SIDE + 4),
  }));
  const rows = Math.ceil(shown / across);
  return {
    cells: [],
    maps,
    width: across * (MAP_SIDE + 4),
    height: rows * (MAP_SIDE + 4),
    left: channels - shown,
    what: "maps",
  };
}

/** The shape (inputs, outputs) of a layer whose weights are lines of the picture, else null. */
function linesOf(k) {
  const W = facts.layers[k].parameters.W;
  return W && W.shape.length === 2 ? W : null;
}

function pictureSvg(columns) {
  const height = Math.max(...columns.map((column) => column.height));
  const last = columns[columns.length - 1];
  const parts = columns.map((column) => {
    column.y = (height - column.height) / 2 + 18;
    return columnSvg(column);
  });
  const lines = columns.slice(0, -1).map((column, k) => lineSvg(k, column, columns[k + 1]));
  const size = [last.x + last.width + 30, height + 40];
  const label =
    "The network. Arrow keys move from number to number; the chosen one's gradient is explained below.";
  return `<svg viewBox="0 0 ${size.join(" ")}" style="min-width:${Math.min(size[0], 1100)}px;max-width:${1.6 * size[0]}px" tabindex="0" role="img" aria-label="${label}">${lines.join("")}${parts.join("")}</svg>`;
}

function columnSvg({ k, x, y, cells, maps, width, height }) {
  const side = CELL - 1;
  const drawn = cells.map(
    (cell) =>
      `<rect class="cell" data-value="${k}" data-flat="${cell.flat}" x="${x + cell.x}" y="${y + cell.y}" width="${side}" height="${side}"/>`,
  );
  const pictures = maps.map(
    (map) =>
      `<image data-value="${k}" data-map="${map.c}" x="${x + map.x}" y="${y + map.y}" width="${MAP_SIDE}" height="${MAP_SIDE}" preserveAspectRatio="none"/>`,
  );
  const middle = x + width / 2;
  return `<g>${drawn.join("")}${pictures.join("")}<text x="${middle}" y="${y - 5}">${escaped(valueName(k))}</text><text class="kind" x="${middle}" y="${y + height + 11}">${escaped(kindName(k))}</text></g>`;
}

/** Lines for the strongest weights from one column to the next. */
function lineSvg(k, from, to) {
  const W = linesOf(k);
  if (W === null || !from.cells.length || !to.cells.length) return "";
  const array = network.parameters[W.name];
  const [starts, ends] = [from, to].map(
    (column) => new Map(column.cells.map((cell) => [cell.flat, cell])),
  );
  const places = Array.from(array.keys()).filter((place) => {
    const [i, o] = placesOf(place, W.shape);
    return starts.has(i) && ends.has(o);
  });
  places.sort((a, b) => Math.abs(array[b]) - Math.abs(array[a]));
  const most = Math.abs(array[places[0]] ?? 1);
  const kept = places.slice(0, places.length <= 2 * MOST_LINES ? places.length : MOST_LINES);
  from.lines = [kept.length, array.length];
  return kept
    .reverse()
    .map((place) => {
      const [i, o] = placesOf(place, W.shape);
      const [a, b] = [starts.get(i), ends.get(o)];
      const [sign, strength] = shade(array[place], most);
      const [x1, x2] = [from.x + from.width + 1, to.x - 2];
      const [y1, y2] = [from.y + a.y, to.y + b.y].map((y) => y + CELL / 2);
      const opacity = (0.5 * strength * strength + 0.04).toFixed(3);
      return `<line class="${sign}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke-opacity="${opacity}"/>`;
    })
    .join("");
}

/** The place of the number of a map that was clicked on. */
function placeInMap(event, map) {
  const [, height, width] = valueShape(Number(map.dataset.value));
  const box = map.getBoundingClientRect();
  const [i, j] = [
    Math.floor(((event.clientY - box.top) / box.height) * height),
    Math.floor(((event.clientX - box.left) / box.width) * width),
  ];
  const [row, column] = [Math.min(height - 1, i), Math.min(width - 1, j)];
  return (Number(map.dataset.map) * height + row) * width + column;
}

function moveInPicture(event, columns) {
  if (!(event.key in ARROWS)) return;
  event.preventDefault();
  const now = state.chosen?.own === undefined ? state.chosen : null;
  const column = columns[now?.value ?? 0];
  const place = column.cells.findIndex(({ flat }) => flat === now?.flat);
  const [down, right] = ARROWS[event.key];
  if (right) {
    const next = columns
      .slice()
      .sort((a, b) => right * (a.k - b.k))
      .find((each) => right * (each.k - column.k) > 0 && each.cells.length);
    if (next)
      choose({
        value: next.k,
        flat: next.cells[Math.min(place, next.cells.length - 1)]?.flat ?? 0,
      });
  } else if (column.cells.length) {
    const cells = column.cells;
    choose({ value: column.k, flat: cells[(place + down + cells.length) % cells.length].flat });
  }
}

/** The chosen number, in words. */
function statusOf() {
  const { chosen, numbers } = state;
  if (!chosen || chosen.own !== undefined)
    return "Choose a cell: its number is told here, and its gradient explained below.";
  const value = numbers.values[chosen.value][chosen.flat];
  const gradient = numbers.gradients[chosen.value];
  const told = gradient ? numberHtml(gradient[chosen.flat]) : "part of the loss's own rule";
  const name = numberName(chosen);
  return `${escaped(name)}${inputName(chosen)} = ${numberHtml(value)}, ∂L/∂${escaped(name)} = ${told}`;
}

/** The name of the column or pixel that a number of X comes from. */
function inputName({ value, flat }) {
  const { columns, groups } = facts.inputs;
  const name = value === 0 && columns ? columns[groups[flat]]?.name : undefined;
  return name ? ` (${escaped(name)})` : "";
}

function leftOut(columns) {
  const told = [];
  for (const column of columns) {
    if (column.left)
      told.push(`${column.left} more ${column.what ?? "numbers"} of ${valueName(column.k)}`);
    if (column.lines && column.lines[0] < column.lines[1]) {
      told.push(
        `all but the ${column.lines[0]} strongest of ${column.lines[1]} weights from ${valueName(column.k)}`,
      );
    }
  }
  return told.length ? `Left out: ${told.join("; ")}.` : "";
}
