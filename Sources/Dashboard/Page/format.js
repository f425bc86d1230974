// How figures are written: a unit stays on the line of its figure, and an en dash stands for what is not known.

export const nothing = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

export const count = (value) => (isNumber(value) ? whole.format(value) : nothing);
export const fixed = (value, digits) => (isNumber(value) ? value.toFixed(digits) : nothing);
export const percent = (fraction, digits = 1) => (isNumber(fraction) ? `${(100 * fraction).toFixed(digits)}\u00a0%` : nothing);

/** A loss: four decimals, or four digits and a power of ten where that would hide it or be a row of digits that mean nothing. */
export function loss(value) {
  if (value === "NaN") return "not a number";
  if (value === "Infinity" || value === "-Infinity") return "infinite";
  if (!isNumber(value)) return nothing;
  const size = Math.abs(value);
  return size === 0 || (size >= 0.001 && size < 1e5) ? value.toFixed(4) : value.toExponential(3).replace("e+", "e");
}

/** A few significant digits without trailing zeros; powers of ten where there are many zeros. */
export function figure(value, digits = 4) {
  if (!isNumber(value)) return nothing;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) return value.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 1000) return whole.format(value);
  return String(Number(value.toPrecision(digits)));
}

/** Three digits and a power of ten, for columns whose entries lie decades apart. */
export function scientific(value) {
  if (!isNumber(value)) return nothing;
  return value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 1000) ? value.toExponential(2).replace("e+", "e") : value.toPrecision(3);
}

export function bytes(value) {
  if (!isNumber(value)) return nothing;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)}\u00a0${units[unit]}`;
}

export function duration(seconds) {
  if (!isNumber(seconds) || seconds < 0) return nothing;
  if (seconds === 0) return "0\u00a0s";
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)}\u00a0µs`;
  if (seconds < 1) return `${(seconds * 1e3).toPrecision(3)}\u00a0ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)}\u00a0s`;
  const total = Math.round(seconds);
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  if (total < 86400) return `${Math.floor(total / 3600)} h ${Math.floor((total % 3600) / 60)} min`;
  return `${Math.floor(total / 86400)} d ${Math.floor((total % 86400) / 3600)} h`;
}

/** The time between two readings of a clock that has whole seconds, such as a run's start and end. */
export const elapsed = (seconds) => (isNumber(seconds) && seconds >= 0 && seconds < 1 ? "under 1\u00a0s" : duration(seconds));

export const nanoseconds = (value) => duration(value / 1e9);

/** The browser's local time of day; with the date where that is another day, and the year where that is another. */
export function clockTime(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return nothing;
  const two = (number) => String(number).padStart(2, "0");
  const day = `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const now = new Date();
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === now.toDateString()) return clock;
  return time.getFullYear() === now.getFullYear() ? `${day} ${clock}` : `${time.getFullYear()}-${day} ${clock}`;
}

export const secondsBetween = (from, to) => (new Date(to).getTime() - new Date(from).getTime()) / 1000;

export const processName = (process) => (process.role === "coordinator" ? "coordinator" : `${process.role} ${process.rank}`);

/** "0, 1, 2, 5" as "0–2, 5". */
export function ranges(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const parts = [];
  for (const number of sorted) {
    const last = parts.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}

/** ["worker 0", "worker 1", "store 0"] as "worker 0–1, store 0". */
export function processRanges(names) {
  const byRole = new Map();
  for (const name of names) {
    const [, role, rank] = /^(.*?)(?:[ -](\d+))?$/.exec(name);
    if (!byRole.has(role)) byRole.set(role, []);
    if (rank !== undefined) byRole.get(role).push(Number(rank));
  }
  return [...byRole].map(([role, numbers]) => (numbers.length ? `${role} ${ranges(numbers)}` : role)).join(", ");
}
