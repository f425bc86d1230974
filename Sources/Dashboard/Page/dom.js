// Builds all elements of the page. Data from the server becomes only text nodes and attributes, never markup.

const svgNamespace = "http://www.w3.org/2000/svg";

/** Creates an HTML element. `on…` properties are listeners, `style` is an object of CSS properties, others are attributes. */
export function h(tag, properties = {}, ...children) {
  return build(document.createElement(tag), properties, children);
}

/** Creates an SVG element. */
export function s(tag, properties = {}, ...children) {
  return build(document.createElementNS(svgNamespace, tag), properties, children);
}

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replaces the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

/**
 * Shows an element below others, and "Loading …" instead of its content until the function that this returns is called: a table without
 * rows would say that there are none. The element has its size meanwhile, which charts need.
 */
export function whileLoading(place, element, ...before) {
  const note = h("p", { class: "quiet", role: "status" }, "Loading …");
  element.classList.add("unloaded");
  fill(place, before, note, element);
  return () => {
    note.remove();
    element.classList.remove("unloaded");
  };
}

/** Sets text only if it changed, so that selections and screen readers are not disturbed. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only if it changed; null removes it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Has a screen reader speak a text: when it is idle, or at once if it is urgent (failures and verdicts). */
export function announce(text, { urgent = false } = {}) {
  document.getElementById(urgent ? "alerts" : "announcements").textContent = text;
}

/** Returns a function that runs an action at most once per frame. */
export function oncePerFrame(action) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      action();
    });
  };
}

/** Returns a function that runs an action at most once per interval. The last call always takes effect. */
export function throttled(milliseconds, action) {
  let timer = null;
  let last = -Infinity;
  const run = () => {
    timer = null;
    last = performance.now();
    action();
  };
  const call = () => {
    if (timer === null) timer = setTimeout(run, Math.max(0, last + milliseconds - performance.now()));
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

/** Creates a labelled checkbox. */
export function checkbox(label, isOn, change) {
  const input = h("input", { type: "checkbox", onchange: () => change(input.checked) });
  input.checked = isOn;
  return h("label", { class: "check" }, input, label);
}

/** Creates a labelled selection of [value, text] pairs. */
export function choice(label, options, value, change) {
  const select = h("select", { onchange: () => change(select.value) }, options.map(([one, text]) => h("option", { value: one }, text)));
  select.value = value;
  const element = h("label", { class: "field" }, h("span", {}, label), select);
  element.select = select;
  return element;
}
