// Each layer with its numbers, its formulas, and the lines of the program that ran.

const MOST_NUMBERS_SHOWN = 512;

function showLayers() {
  const body = document.getElementById("layers-body");
  body.append(...layersWithin().map(layerCard), lossCard());
}

/** The blocks of a function of the program by their titles: [{ title, text }]. */
function blocksOf(program) {
  const blocks = [];
  for (const line of program.toString().split("\n")) {
    const title = /^  \/\/ (\S.*)$/.exec(line);
    if (title && !line.startsWith("  //   ")) blocks.push({ title: title[1], text: "" });
    else if (/^  return/.test(line)) break;
    if (blocks.length) blocks[blocks.length - 1].text += `${line.slice(2)}\n`;
  }
  return blocks;
}

const programs = { forward: blocksOf(network.forward), backward: blocksOf(network.backward) };

/** The lines of the program that belong to a layer alone. */
function linesOfLayer(suffix) {
  const own = ({ title }) => title.startsWith(`${suffix} `);
  return ["forward", "backward"].map((part) => {
    const text = programs[part]
      .filter(own)
      .map((block) => block.text)
      .join("");
    return [part, text.trimEnd()];
  });
}

/** A card of a layer, which has in it those of the layers inside of a block. */
function layerCard(l) {
  const layer = facts.layers[l];
  const counts = Object.values(layer.parameters).map(
    ({ label, shape }) => `${label} ${shape.join(" × ")}`,
  );
  const shapes = `${layer.inputShape.join(" × ")} → ${layer.outputShape.join(" × ")}`;
  const summary = make("summary", {}, make("b", { textContent: layer.title }), ` ${shapes} `);
  summary.append(make("span", { className: "note", textContent: counts.join(", ") }));
  const card = make("details", { className: "card" }, summary);
  const numbers = make("div");
  const own = make("div", {}, numbers);
  card.append(own, ...layersWithin(l).map(layerCard));
  const fill = () => {
    own.append(formulaPart(layer.formulas), programPart(layer.title, linesOfLayer(layer.suffix)));
  };
  return liveCard(card, fill, () => (numbers.innerHTML = numbersOf(l + 1)));
}

function lossCard() {
  const summary = make("summary", {}, make("b", { textContent: `The loss, ${facts.loss.title}` }));
  const card = make("details", { className: "card" }, summary);
  const numbers = make("p");
  const fill = () => {
    card.append(numbers);
    for (const [title, parts] of facts.loss.formulas)
      card.append(make("h4", { textContent: title }), formulaPart(parts));
    const text = programs.backward[0].text.trimEnd();
    card.append(programPart("the loss", [["", text]]));
  };
  return liveCard(card, fill, () => (numbers.innerHTML = `L = ${numberHtml(state.numbers.loss)}`));
}

/** A card that is filled when it is opened first, and drawn anew while it is open. */
function liveCard(card, fill, draw) {
  let filled = false;
  const show = () => {
    if (!card.open) return;
    if (!filled) fill();
    filled = true;
    draw();
  };
  card.addEventListener("toggle", show);
  view(show);
  return card;
}

function numbersOf(value) {
  const { values, gradients } = state.numbers;
  const rows = [
    [valueName(value), values[value]],
    [`∂L/∂${valueName(value)}`, gradients[value]],
  ];
  return rows.map(([name, array]) => gridHtml(name, array)).join("");
}

/** An array of numbers as cells with their digits. */
function gridHtml(name, array) {
  if (!array)
    return `<p class="note">${escaped(name)}: the loss's rule includes this layer; no such number is computed.</p>`;
  const most = largest(array);
  const shown = Array.from(array.subarray(0, MOST_NUMBERS_SHOWN), (x) => {
    const [sign, strength] = shade(x, most);
    return `<span class="${sign}" style="--strength:${Math.round(60 * strength)}%" title="${exactly(x)}">${short(x)}</span>`;
  });
  const more = array.length - shown.length;
  const rest = more > 0 ? `<p class="note">${more} more are left out.</p>` : "";
  return `<h4>${escaped(name)}</h4><div class="grid">${shown.join("")}</div>${rest}`;
}

function formulaPart(parts) {
  const html = parts.map(
    ([title, lines]) =>
      `<dt>${escaped(title)}</dt>${lines.map((line) => `<dd class="scroll">${line}</dd>`).join("")}`,
  );
  return make("dl", { className: "formulas", innerHTML: html.join("") });
}

function programPart(of, parts) {
  const part = make("div", { className: "programs" });
  for (const [title, text] of parts) {
    if (!text) continue;
    const heading = `The program${title ? `, ${title}` : ""}`;
    const ariaLabel = `${heading}, of ${of}`;
    const code = make("code", { textContent: text });
    part.append(make("h4", { textContent: heading }));
    part.append(make("pre", { tabIndex: 0, role: "region", ariaLabel }, code));
  }
  return part;
}
