// Numbers as colours: of cells, of maps, of matrices.

function paintCells(cells, shown) {
  const { chosen, numbers } = state;
  const most = numbers[shown].map((array) => (array ? largest(array) : 0));
  for (const cell of cells) {
    const [k, flat] = [Number(cell.dataset.value), Number(cell.dataset.flat)];
    const array = numbers[shown][k];
    const [sign, strength] = array ? shade(array[flat], most[k]) : ["none", 0];
    const marked = chosen && chosen.own === undefined && chosen.value === k && chosen.flat === flat;
    cell.setAttribute("class", `cell ${sign}${marked ? " chosen" : ""}`);
    cell.setAttribute("fill-opacity", strength.toFixed(3));
  }
}

/** A map of numbers as a picture of one pixel for each. */
function paintMap(image, shown) {
  const k = Number(image.dataset.value);
  const array = state.numbers[shown][k];
  const [, height, width] = valueShape(k);
  const canvas = make("canvas", { width, height });
  const begin = Number(image.dataset.map) * height * width;
  if (array) paintNumbers(canvas, array.subarray(begin, begin + height * width), largest(array), 1);
  image.setAttribute("href", canvas.toDataURL());
}

/** Numbers row by row as cells of a canvas. */
function paintNumbers(canvas, numbers, most, side) {
  const pen = canvas.getContext("2d");
  const across = canvas.width / side;
  const colors = { plus: themed("plus"), minus: themed("minus") };
  pen.clearRect(0, 0, canvas.width, canvas.height);
  numbers.forEach((x, flat) => {
    const [sign, strength] = shade(x, most);
    pen.globalAlpha = strength;
    pen.fillStyle = colors[sign];
    pen.fillRect((flat % across) * side, Math.floor(flat / across) * side, side, side);
  });
  pen.globalAlpha = 1;
}
