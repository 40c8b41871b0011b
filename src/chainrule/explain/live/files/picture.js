// The network as a picture: a column of cells for each value, lines for the strongest weights.

function showPicture() {
  const body = document.getElementById("network-body");
  let shown = "values";
  const choice = radios(
    "shown",
    "what the cells show",
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
    markInMaps(svg.querySelector(".mark"), columns);
    told.innerHTML = statusOf();
  });
}

function legend() {
  return make("span", {
    className: "legend",
    innerHTML: '<i class="minus"></i> negative <i class="plus"></i> positive',
  });
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

/** The name of the column, pixel or word that a number of X comes from. */
function inputName({ value, flat }) {
  if (value !== 0) return "";
  const { kind, columns, groups } = facts.inputs;
  const name = kind === "text" ? featureIn(state.raw[0], flat) : columns[groups[flat]]?.name;
  return name ? ` (${escaped(name)})` : "";
}

function leftOut(columns) {
  const told = [];
  for (const column of columns) {
    const name = valueName(column.value);
    if (column.left) told.push(`${column.left} more ${column.what ?? "numbers"} of ${name}`);
    if (column.lines && column.lines[0] < column.lines[1]) {
      told.push(
        `all but the ${column.lines[0]} strongest of ${column.lines[1]} weights from ${name}`,
      );
    }
  }
  return told.length ? `Left out: ${told.join("; ")}.` : "";
}
