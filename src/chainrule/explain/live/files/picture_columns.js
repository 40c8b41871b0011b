// The columns of the picture: which numbers of each value are shown, and where.

const CELL = 11;
const MOST_CELLS = 512;
const MOST_ACROSS_CELLS = 16;
const MOST_DOWN_CELLS = 32;
const MOST_MAPS = 12;
const MAP_SIDE = 56;
const MAP_STEP = MAP_SIDE + 4;

/** A column for each value, in the order in which values are computed. */
function columnsOfPicture() {
  let x = 4;
  const layers = inOrder();
  return [-1, ...layers].map((l, place) => {
    const value = l + 1;
    const column = value === 0 && facts.inputs.grid ? gridColumn() : shapeColumn(valueShape(value));
    const next = layers[place];
    const crosses = next !== undefined && linesOf(next) !== null;
    const words = Math.max(5 * kindName(value).length, 6 * valueName(value).length);
    const room = Math.max(column.width, words);
    Object.assign(column, { value, x: x + (room - column.width) / 2, room: [x, x + room] });
    column.flats = flatsOf(column);
    x += room + (crosses ? 70 : 22);
    return column;
  });
}

/** The kind of function that makes a value. */
function kindName(value) {
  return value === 0 ? "input" : facts.layers[value - 1].kind;
}

/** The places of the numbers that a column shows, in the order of keys: downwards, then right. */
function flatsOf({ cells, maps }) {
  const down = cells.slice().sort((a, b) => a.x - b.x || a.y - b.y);
  const inMaps = maps.flatMap(({ c, height, width }) =>
    Array.from({ length: height * width }, (_, place) => {
      const [j, i] = placesOf(place, [width, height]);
      return (c * height + i) * width + j;
    }),
  );
  return [...down.map(({ flat }) => flat), ...inMaps];
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
  if (shape.length === 3 && shape[1] * shape[2] > 1) return mapsColumn(shape);
  if (shape.length === 2 && shape[0] <= MOST_ACROSS_CELLS) return membersColumn(shape);
  const size = sizeOf(shape);
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

/** The members of an ensemble side by side, the numbers of each downwards. */
function membersColumn([members, outputs]) {
  const rows = Math.min(outputs, MOST_DOWN_CELLS);
  const cells = Array.from({ length: members * rows }, (_, place) => {
    const [m, o] = placesOf(place, [members, rows]);
    return { flat: m * outputs + o, x: m * CELL, y: o * CELL };
  });
  const left = members * (outputs - rows);
  return { cells, maps: [], width: members * CELL, height: rows * CELL, left };
}

function mapsColumn([channels, height, width]) {
  const shown = Math.min(channels, MOST_MAPS);
  const across = shown > 6 ? 2 : 1;
  const maps = Array.from({ length: shown }, (_, c) => ({
    c,
    height,
    width,
    x: (c % across) * MAP_STEP,
    y: Math.floor(c / across) * MAP_STEP,
  }));
  return {
    cells: [],
    maps,
    width: across * MAP_STEP,
    height: Math.ceil(shown / across) * MAP_STEP,
    left: channels - shown,
    what: "maps",
  };
}

/** The weights (inputs, outputs) of a layer that are lines of the picture, else null. */
function linesOf(l) {
  const { W } = facts.layers[l].parameters;
  return W && W.shape.length === 2 ? W : null;
}
