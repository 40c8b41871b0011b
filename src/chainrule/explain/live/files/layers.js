// Each layer with its numbers, its formulas, and the lines of the program that ran.

const MOST_NUMBERS_SHOWN = 512;

function showLayers() {
  const body = document.getElementById("layers-body");
  facts.layers.forEach((layer, k) => body.append(layerCard(layer, k)));
  body.append(lossCard());
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

/** The lines of the program that belong to a layer. */
function linesOfLayer(suffix) {
  const own = ({ title }) => title.startsWith(`${suffix} `) || title.startsWith(`${suffix}_`);
  return ["forward", "backward"].map((part) => {
    const text = programs[part]
      .filter(own)
      .map((block) => block.text)
      .join("");
    return [part, text.trimEnd()];
  });
}

function layerCard(layer, k) {
  const counts = Object.values(layer.parameters).map(
    ({ name, shape }) => `${name} ${shape.join(" × ")}`,
  );
  const shapes = `${layer.inputShape.join(" × ")} → ${layer.outputShape.join(" × ")}`;
  const summary = make("summary", {}, make("b", { textContent: layer.title }), ` ${shapes} `);
  summary.append(make("span", { className: "note", textContent: counts.join(", ") }));
  const card = make("details", { className: "card" }, summary);
  const numbers = make("div");
  const fill = () => {
    card.append(numbers, formulaPart(layer.formulas), programPart(linesOfLayer(layer.suffix)));
  };
  return liveCard(card, fill, () => (numbers.innerHTML = numbersOf(k)));
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
    card.append(programPart([["", text]]));
  };
  return liveCard(card, fill, () => (numbers.innerHTML = `L = ${numberHtml(state.numbers.loss)}`));
}

const cards = [];

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
  cards.push({ card, show });
  return card;
}

function numbersOf(k) {
  const { values, gradients } = state.numbers;
  const rows = [
    [valueName(k + 1), values[k + 1]],
    [`∂L/∂${valueName(k + 1)}`, gradients[k + 1]],
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

function programPart(parts) {
  const part = make("div", { className: "programs" });
  for (const [title, text] of parts) {
    if (!text) continue;
    part.append(make("h4", { textContent: `The program${title ? `, ${title}` : ""}` }));
    part.append(make("pre", { tabIndex: 0 }, make("code", { textContent: text })));
  }
  return part;
}
