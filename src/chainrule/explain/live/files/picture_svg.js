// The picture as SVG: cells, maps, lines, and the frames and ways past of residual blocks.

const MOST_LINES = 150;
const WIDEST = 1100;
const ABOVE = 18;
const BLOCK_STEP = 14;

function pictureSvg(columns) {
  const depth = Math.max(...facts.layers.map((_, l) => depthOf(l)));
  const top = ABOVE + depth * BLOCK_STEP;
  const height = Math.max(...columns.map((column) => column.height));
  for (const column of columns) column.y = (height - column.height) / 2 + top;
  const byValue = new Map(columns.map((column) => [column.value, column]));
  const blocks = facts.layers.map((_, l) => blockSvg(l, byValue, height, top));
  const lines = facts.layers.map((_, l) => lineSvg(l, byValue));
  const last = columns[columns.length - 1];
  const size = [last.x + last.width + 30, height + top + 24];
  const least = Math.max(Math.min(size[0], WIDEST), 0.7 * size[0]);
  const label =
    "The network. Arrow keys move from number to number; the chosen one's gradient is explained below.";
  return `<svg viewBox="0 0 ${size.join(" ")}" style="min-width:${least}px;max-width:${1.6 * size[0]}px" tabindex="0" role="application" aria-label="${label}">${blocks.join("")}${lines.join("")}${columns.map(columnSvg).join("")}<rect class="mark" visibility="hidden"/></svg>`;
}

/** How many blocks a layer is inside of. */
function depthOf(l) {
  const { within } = facts.layers[l];
  return within === null ? 0 : 1 + depthOf(within);
}

function columnSvg({ value, x, y, cells, maps, width, height }) {
  const side = CELL - 1;
  const drawn = cells.map(
    (cell) =>
      `<rect class="cell" data-value="${value}" data-flat="${cell.flat}" x="${x + cell.x}" y="${y + cell.y}" width="${side}" height="${side}"/>`,
  );
  const pictures = maps.map(
    (map) =>
      `<image data-value="${value}" data-map="${map.c}" x="${x + map.x}" y="${y + map.y}" width="${MAP_SIDE}" height="${MAP_SIDE}" preserveAspectRatio="none"/>`,
  );
  const middle = x + width / 2;
  return `<g>${drawn.join("")}${pictures.join("")}<text x="${middle}" y="${y - 5}">${escaped(valueName(value))}</text><text class="kind" x="${middle}" y="${y + height + 11}">${escaped(kindName(value))}</text></g>`;
}

/** The frame around the values inside of a block, and the way past them. */
function blockSvg(l, byValue, height, top) {
  const inside = layersWithin(l);
  if (!inside.length) return "";
  const depth = depthOf(l);
  const over = 5 + depth * BLOCK_STEP;
  const [from, to] = [facts.layers[l].takes[0], l + 1].map((value) => byValue.get(value));
  const first = byValue.get(inOrder(l)[0] + 1);
  const last = byValue.get(inside[inside.length - 1] + 1);
  const margin = 9 - 2 * depth;
  const [x, y] = [first.room[0] - margin, over + 7];
  const size = [last.room[1] + margin - x, top + height + 20 - 2 * depth - y];
  const frame = `<rect class="block" x="${x}" y="${y}" width="${size[0]}" height="${size[1]}" rx="4"/>`;
  const [begin, end] = [from, to].map((column) => column.x + column.width / 2);
  const arrow = `M${end - 3},${to.y - 20} l3,5 l3,-5`;
  return `${frame}<path class="past" d="M${begin},${from.y - 15} V${over} H${end} V${to.y - 15} ${arrow}"/>`;
}

/** Lines for the strongest weights of a layer, from what it takes to what it makes. */
function lineSvg(l, byValue) {
  const W = linesOf(l);
  const [from, to] = [facts.layers[l].takes[0], l + 1].map((value) => byValue.get(value));
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
