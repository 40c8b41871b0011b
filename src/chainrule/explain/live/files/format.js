// Numbers as people read them.

/** A number to four digits. */
function short(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const plain = x === 0 || (size >= 1e-3 && size < 1e5);
  const text = plain ? String(Number(x.toPrecision(4))) : powerOfTen(x);
  return text.replace(/-/g, "−");
}

function powerOfTen(x) {
  const [digits, exponent] = x.toExponential(3).split("e");
  return `${Number(digits)}e${Number(exponent)}`;
}

/** A number with all its digits. */
function exactly(x) {
  return String(x).replace(/-/g, "−");
}

/** A number to four digits as HTML, all its digits on hover. */
function numberHtml(x) {
  return `<span class="number" title="${exactly(x)}">${short(x)}</span>`;
}

function percent(x) {
  return `${(100 * x).toFixed(x > 0.0995 ? 0 : 1)} %`;
}

function escaped(text) {
  const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (sign) => signs[sign]);
}

/** The places along each axis of the number at a place in memory. */
function placesOf(flat, shape) {
  const places = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    places.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return places;
}

/** The place in memory of the number at places along each axis. */
function flatOf(places, shape) {
  return places.reduce((flat, place, axis) => flat * shape[axis] + place, 0);
}

function sizeOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}
