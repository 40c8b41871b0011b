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

/** Radio buttons under a label that is read out, the first of which is chosen. */
function radios(name, label, options, act) {
  const group = make("span", { className: "radios", role: "radiogroup", ariaLabel: label });
  options.forEach(([value, text], place) => {
    const input = make("input", { type: "radio", name, value, checked: place === 0 });
    input.onchange = () => act(value);
    group.append(make("label", {}, input, ` ${text}`));
  });
  return group;
}

/**
 * A field for a number, and beside it what is wrong with what it says, which is then not taken,
 * but refused. `problem` of a number, NaN of what is none, is a sentence, or "".
 */
function numberBox(properties, problem, take = () => {}, refuse = () => {}) {
  const field = make("input", { type: "number", step: "any", ...properties });
  const told = make("span", { className: "wrong", role: "alert" });
  const say = (text) => {
    told.textContent = text;
    field.setAttribute("aria-invalid", text !== "");
  };
  const number = () => (field.value === "" ? NaN : Number(field.value));
  const check = () => {
    const text = problem(number());
    const got = field.value || (field.validity.badInput ? "no number" : "nothing");
    say(text && `${text}, got ${got}`);
    return text === "";
  };
  field.oninput = () => (check() ? take(number()) : refuse());
  const set = (value) => {
    field.value = value;
    say("");
  };
  return { field, told, number, check, set, say };
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
