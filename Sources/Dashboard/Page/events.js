// The interpretation of a run's events: their severity, and the training step at which they occurred.

const bad = new Set(["verdict", "evicted", "lost", "link-lost", "failed", "checkpoint-damaged", "straggler", "refused"]);
const minor = new Set(["joined", "started", "checkpoint", "checkpoint-asked", "data", "spare", "finished", "initialized"]);

/** "bad": something failed; "minor": routine; "note": everything else, such as a new learning rate. */
export const levelOf = (kind) => (bad.has(kind) ? "bad" : minor.has(kind) ? "minor" : "note");

/** Whether an event names what blocked or ended a run. */
export const isVerdict = (event) => event.kind === "verdict" || event.kind === "failed" || event.kind === "evicted";

/** Returns the step that an event names in a field or in its message; null if it names none. */
function namedStep(event) {
  if (event.step !== undefined && event.step !== null && Number.isFinite(Number(event.step))) return Number(event.step);
  const pattern = event.kind === "started" ? /from step (\d+)/ : /\bstep (\d+)/;
  const match = pattern.exec(event.message ?? "");
  return match ? Number(match[1]) : null;
}

/**
 * Gives each event a step. For an event that names none, the step is interpolated by time between events that do and the
 * run's start and end, and marked as approximate.
 */
export function placeEvents(events, { started, startStep = 1, now, step }) {
  const time = (text) => new Date(text).getTime();
  const anchors = events.map((event) => ({ time: time(event.time), step: namedStep(event) })).filter((anchor) => anchor.step !== null && Number.isFinite(anchor.time));
  if (started) anchors.push({ time: time(started), step: startStep });
  if (now && step) anchors.push({ time: time(now), step });
  anchors.sort((one, other) => one.time - other.time);
  return events.map((event) => {
    const named = namedStep(event);
    const at = named ?? between(anchors, time(event.time)) ?? startStep;
    return { ...event, step: Math.max(startStep, Math.min(step || at, Math.round(at))), isAbout: named === null, level: levelOf(event.kind) };
  });
}

function between(anchors, time) {
  if (anchors.length === 0 || !Number.isFinite(time)) return null;
  const next = anchors.findIndex((anchor) => anchor.time >= time);
  if (next === -1) return anchors.at(-1).step;
  if (next === 0) return anchors[0].step;
  const [one, other] = [anchors[next - 1], anchors[next]];
  if (other.time === one.time) return other.step;
  return one.step + ((other.step - one.step) * (time - one.time)) / (other.time - one.time);
}
