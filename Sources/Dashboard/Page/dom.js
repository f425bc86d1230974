// Elements are built here and nowhere else: everything that comes from the server ends up in text nodes and attributes.

const svgNamespace = "http://www.w3.org/2000/svg";

/** An HTML element. `on…` properties are listeners, `style` is an object of CSS properties, all others attributes. */
export function h(tag, properties = {}, ...children) {
  return build(document.createElement(tag), properties, children);
}

/** An SVG element. */
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

/** Puts children in place of what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

/** Sets text only where it changed, so that selections and screen readers are left alone. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute only where it changed; null removes it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Has a screen reader say something, now or (for failures and verdicts) at once. */
export function announce(text, { urgent = false } = {}) {
  document.getElementById(urgent ? "alerts" : "announcements").textContent = text;
}

/** Runs a function at most once a frame, however often it is asked for. */
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

/** Runs an action at most once in so many milliseconds; the last call is never lost. */
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

/** A labelled checkbox. */
export function checkbox(label, isOn, change) {
  const input = h("input", { type: "checkbox", onchange: () => change(input.checked) });
  input.checked = isOn;
  return h("label", { class: "check" }, input, label);
}

/** A labelled choice among [value, text] pairs. */
export function choice(label, options, value, change) {
  const select = h("select", { onchange: () => change(select.value) }, options.map(([one, text]) => h("option", { value: one }, text)));
  select.value = value;
  const element = h("label", { class: "field" }, h("span", {}, label), select);
  element.select = select;
  return element;
}
