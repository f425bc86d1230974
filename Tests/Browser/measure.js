// Measurements of the browser test inside the page. test_dashboard.py calls each function by name with arguments.

const measure = {
  /** Returns the text whose contrast with its background is below WCAG AA, as sentences. */
  contrast() {
    const failures = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let checked = 0;
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (!text || !isVisible(element) || /^(SCRIPT|NOSCRIPT|OPTION)$/.test(element.tagName)) continue;
      checked += 1;
      note(failures, element, text);
    }
    for (const element of document.querySelectorAll("select, input:not([type=range], [type=checkbox])")) if (isVisible(element)) note(failures, element, element.value);
    return { checked, failures: [...failures.values()] };
  },

  /** Returns the colours with a meaning in charts whose contrast with the surface is below 3 to 1. */
  fills() {
    const style = getComputedStyle(document.documentElement);
    const probe = document.body.appendChild(document.createElement("i"));
    const color = (name) => {
      probe.style.color = style.getPropertyValue(name);
      return parse(getComputedStyle(probe).color);
    };
    const surface = color("--surface");
    const names = ["--s0", "--s1", "--s2", "--s3", "--s4", "--s5", "--s6", "--s7", "--compute", "--exchange", "--store", "--data", "--send", "--update", "--other", "--strong-line", "--accent", "--focus", "--good", "--bad", "--note"];
    const low = names.map((name) => [name, ratio(color(name), surface)]).filter(([, value]) => value < 3);
    probe.remove();
    return low.map(([name, value]) => `${name} ${value.toFixed(2)}`);
  },

  /** Returns elements that extend beyond the window and are not inside a scrolling element. */
  overflow() {
    const wide = document.documentElement.scrollWidth;
    if (wide <= innerWidth) return [];
    const out = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && !one.closest(".scroll"));
    return [`${wide} px wide`, ...out.slice(0, 5).map(name)];
  },

  /** Returns the elements that the Tab key must reach. */
  focusable() {
    const all = document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']");
    return [...all].filter((one) => isVisible(one) && !one.disabled && one.tabIndex >= 0);
  },

  /** Whether a focused element shows an outline. */
  focusMark(element) {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  },

  name(element) {
    return name(element);
  },

  /** Returns structural problems: headings that skip a level, a number of h1 or main other than one, missing names, repeated ids. */
  structure() {
    const levels = [...document.querySelectorAll("h1, h2, h3, h4")].filter(isVisible).map((one) => Number(one.tagName[1]));
    const problems = levels.flatMap((level, index) => (index > 0 && level > levels[index - 1] + 1 ? [`h${level} after h${levels[index - 1]}`] : []));
    if (levels.filter((level) => level === 1).length !== 1) problems.push(`${levels.filter((level) => level === 1).length} h1`);
    if (document.querySelectorAll("main").length !== 1) problems.push("not one main");
    if (!document.documentElement.lang) problems.push("no lang");
    if (!document.querySelector("nav[aria-label]")) problems.push("no named nav");
    if (!document.querySelector("[aria-live], [role=alert]")) problems.push("no live region");
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    problems.push(...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `id ${id} twice`));
    return problems;
  },

  /** Whether a canvas shows an image and not a single colour. */
  isImage(canvas) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(data.filter((_, index) => index % 4 === 0)).size > 8;
  },
};

function name(element) {
  const classes = element.getAttribute("class");
  return `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}${classes ? `.${classes.trim().split(/\s+/).join(".")}` : ""} “${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 30)}”`;
}

function isVisible(element) {
  if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
  if (element.closest(".hidden, .skip:not(:focus)")) return element.matches(".skip");
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0;
}

function note(failures, element, text) {
  const style = getComputedStyle(element);
  const isDrawn = element instanceof SVGElement;
  const behind = isDrawn ? behindDrawn(element) : behindText(element);
  const front = over(parse(isDrawn ? style.fill : style.color), behind);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const value = ratio(front, behind);
  if (value < (isLarge ? 3 : 4.5)) failures.set(name(element), `${name(element)} ${text.slice(0, 20)}: ${value.toFixed(2)}`);
}

/** Returns the colour behind an element: the backgrounds of all its ancestors, one over the other. */
function behindText(element) {
  const chain = [];
  for (let one = element; one; one = one.parentElement) chain.unshift(parse(getComputedStyle(one).backgroundColor));
  return chain.reduce((below, color) => over(color, below), [255, 255, 255, 1]);
}

/** Returns the colour behind text in a drawing: that of the last rectangle below its centre that is drawn before it. */
function behindDrawn(element) {
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const rects = [...element.ownerSVGElement.querySelectorAll("rect")].filter((rect) => {
    const one = rect.getBoundingClientRect();
    return one.left <= x && one.right >= x && one.top <= y && one.bottom >= y && !rect.closest("clipPath") && rect.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
  });
  return rects.reduce((below, rect) => {
    const style = getComputedStyle(rect);
    const color = parse(style.fill);
    return over([color[0], color[1], color[2], color[3] * Number(style.opacity)], below);
  }, behindText(element.ownerSVGElement.parentElement));
}

function parse(text) {
  const numbers = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
  return text === "none" || text === "transparent" ? [0, 0, 0, 0] : [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1];
}

function over([r, g, b, a], below) {
  return [r * a + below[0] * (1 - a), g * a + below[1] * (1 - a), b * a + below[2] * (1 - a), 1];
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function ratio(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

return measure[arguments[0]](...[...arguments].slice(1));
