// Elements of the page, made in few words.

/** An element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function button(text, act) {
  return make("button", { type: "button", textContent: text, onclick: act });
}

/** A menu of options, which may be a pair of value and text. */
function menu(label, options, act) {
  const select = make("select", { onchange: () => act(select.value) });
  for (const [value, text] of options) select.append(make("option", { value, textContent: text }));
  return { select, element: make("label", {}, `${label} `, select) };
}

/** Radio buttons, the first of which is chosen. */
function radios(name, options, act) {
  const group = make("span", { className: "radios", role: "radiogroup" });
  options.forEach(([value, text], place) => {
    const input = make("input", { type: "radio", name, value, checked: place === 0 });
    input.onchange = () => act(value);
    group.append(make("label", {}, input, ` ${text}`));
  });
  return group;
}

/** The colour of a number's sign, and how much of it: full at `most`. */
function shade(x, most) {
  if (!(most > 0) || !(Math.abs(x) > 0)) return ["plus", 0];
  return [x > 0 ? "plus" : "minus", Math.min(1, Math.abs(x) / most)];
}

function largest(numbers) {
  let most = 0;
  for (const x of numbers) if (Math.abs(x) > most) most = Math.abs(x);
  return most;
}

/** A colour that the style sheet names. */
function themed(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const theme = matchMedia("(prefers-color-scheme: dark)");
theme.addEventListener("change", () => refresh());
