// Numbers of the picture chosen by pointer and by keys.

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

/** Up and down go through the numbers of a value, left and right to the next value. */
function moveInPicture(event, columns) {
  if (!(event.key in ARROWS)) return;
  event.preventDefault();
  const now = state.chosen?.own === undefined ? state.chosen : null;
  const at = Math.max(
    0,
    columns.findIndex(({ value }) => value === now?.value),
  );
  const { flats } = columns[at];
  const place = Math.max(0, flats.indexOf(now?.flat));
  const [down, right] = ARROWS[event.key];
  if (now === null) choose({ value: 0, flat: flats[0] });
  else if (down) {
    choose({ value: now.value, flat: flats[(place + down + flats.length) % flats.length] });
  } else if (at + right in columns) {
    const next = columns[at + right];
    choose({ value: next.value, flat: next.flats[Math.min(place, next.flats.length - 1)] });
  }
}

/** Put a frame around the chosen number, if a map shows it. */
function markInMaps(mark, columns) {
  const { chosen } = state;
  const column = columns.find(({ value }) => value === chosen?.value);
  const map = chosen?.own === undefined && column ? mapOf(column, chosen.flat) : null;
  mark.setAttribute("visibility", map ? "visible" : "hidden");
  if (!map) return;
  const [, i, j] = placesOf(chosen.flat, valueShape(chosen.value));
  const [wide, high] = [MAP_SIDE / map.width, MAP_SIDE / map.height];
  const box = { x: column.x + map.x + j * wide, y: column.y + map.y + i * high };
  for (const [name, at] of Object.entries({ ...box, width: wide, height: high }))
    mark.setAttribute(name, at);
}

function mapOf({ maps }, flat) {
  return maps.find(({ c, height, width }) => c === Math.floor(flat / (height * width)));
}
