// A canvas on which pixels are drawn, by pointer and by keys.

/** A canvas for a grid of pixels; `changedRaw` is called when one has changed. */
function drawingOf(grid, changedRaw) {
  const { width, height, channels, places } = grid;
  const scale = Math.max(1, Math.floor(256 / Math.max(width, height)));
  const canvas = make("canvas", {
    width: width * scale,
    height: height * scale,
    tabIndex: 0,
    className: "drawing",
    role: "application",
    ariaLabel: `The sample, ${height} × ${width} pixels. Draw with the pointer; with keys, arrows move, space draws, backspace clears a pixel.`,
  });
  const [low, high] = pixelRange(grid);
  const tool = {
    erases: false,
    color: [1, 1, 1],
    cursor: [Math.floor(height / 2), Math.floor(width / 2)],
  };

  const set = (i, j, strength) => {
    if (i < 0 || j < 0 || i >= height || j >= width || strength <= 0) return;
    places.forEach((channel, c) => {
      const place = channel[i * width + j];
      if (place < 0) return;
      const goal = tool.erases ? low : low + (high - low) * tool.color[c % 3];
      const before = state.raw[place] ?? low;
      const after = before + (goal - before) * Math.min(1, strength);
      state.raw[place] = channels === 1 && !tool.erases ? Math.max(before, after) : after;
    });
  };
  const size = Math.max(0.75, width / 14);
  const dab = (x, y) => {
    const reach = Math.ceil(size + 1);
    for (let i = Math.floor(y) - reach; i <= y + reach; i++) {
      for (let j = Math.floor(x) - reach; j <= x + reach; j++) {
        set(i, j, size + 0.75 - Math.hypot(j + 0.5 - x, i + 0.5 - y));
      }
    }
  };
  let last = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * width,
      ((event.clientY - box.top) / box.height) * height,
    ];
  };
  canvas.onpointerdown = (event) => {
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
    last = at(event);
    dab(...last);
    changedRaw();
  };
  canvas.onpointermove = (event) => {
    if (last === null) return;
    const next = at(event);
    const steps = Math.ceil(2 * Math.hypot(next[0] - last[0], next[1] - last[1])) || 1;
    for (let k = 1; k <= steps; k++) {
      dab(...next.map((end, axis) => last[axis] + ((end - last[axis]) * k) / steps));
    }
    last = next;
    changedRaw();
  };
  canvas.onpointerup = canvas.onpointercancel = () => (last = null);
  canvas.onkeydown = (event) => drawByKey(event, tool, grid, set, changedRaw);
  canvas.onblur = () => changed();
  return { canvas, tool, draw: () => paintPixels(canvas, grid, scale, [low, high], tool) };
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function drawByKey(event, tool, { width, height }, set, changedRaw) {
  const [i, j] = tool.cursor;
  if (event.key in ARROWS) {
    const [down, right] = ARROWS[event.key];
    tool.cursor = [(i + down + height) % height, (j + right + width) % width];
  } else if (event.key === " " || event.key === "Enter") {
    set(i, j, 1);
  } else if (event.key === "Backspace" || event.key === "Delete") {
    const before = tool.erases;
    tool.erases = true;
    set(i, j, 1);
    tool.erases = before;
  } else return;
  event.preventDefault();
  changedRaw();
}

/** The values of blank paper and of full ink. */
function pixelRange({ places }) {
  const ranges = places.flat().flatMap((place) => facts.inputs.columns[place]?.range ?? []);
  const low = Math.min(...ranges, Infinity);
  const high = Math.max(...ranges, -Infinity);
  return low < high ? [low, high] : [0, 1];
}

function paintPixels(canvas, grid, scale, [low, high], tool) {
  const { width, height, channels, places } = grid;
  const pen = canvas.getContext("2d");
  const [paper, ink] = [themed("paper"), themed("ink")];
  const strength = (c, flat) => ((state.raw[places[c][flat]] ?? low) - low) / (high - low || 1);
  pen.fillStyle = paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  for (let flat = 0; flat < width * height; flat++) {
    const [i, j] = [Math.floor(flat / width), flat % width];
    if (channels === 3) {
      const color = [0, 1, 2].map((c) => Math.round(255 * strength(c, flat)));
      pen.fillStyle = `rgb(${color})`;
    } else {
      pen.globalAlpha = Math.max(0, Math.min(1, strength(0, flat)));
      pen.fillStyle = ink;
    }
    pen.fillRect(j * scale, i * scale, scale, scale);
    pen.globalAlpha = 1;
  }
  if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
    pen.strokeStyle = themed("accent");
    pen.lineWidth = 2;
    pen.strokeRect(tool.cursor[1] * scale + 1, tool.cursor[0] * scale + 1, scale - 2, scale - 2);
  }
}
