// The interpretation of a run's events: their severity, and the training step at which they occurred.

const bad = new Set(["verdict", "evicted", "lost", "link-lost", "failed", "checkpoint-damaged", "straggler", "refused"]);
const minor = new Set(["joined", "started", "checkpoint", "checkpoint-asked", "data", "spare", "finished", "initialized"]);

/** "bad": something failed; "minor": routine; "note": everything else, such as a new learning rate. */
export const levelOf = (kind) => (bad.has(kind) ? "bad" : minor.has(kind) ? "minor" : "note");

/** Whether an event names what blocked or ended a run. */
export const isVerdict = (event) => event.kind === "verdict" || event.kind === "failed" || event.kind === "evicted";

/** The step in the message of an event that an older release wrote, which had it nowhere else. */
const patterns = {
  started: /^training from step (\d+)/, checkpoint: /^checkpoint of step (\d+)/, "learning-rate": /from step (\d+)$/, finished: /^finished at step (\d+)/, interrupted: /^stopped after step (\d+)/,
};

/** Returns an event's own step; null if it has none. */
export function stepOf(event) {
  const own = event.step ?? patterns[event.kind]?.exec(event.message ?? "")?.[1];
  return own !== undefined && own !== null && Number.isFinite(Number(own)) ? Number(own) : null;
}

/**
 * Gives each event its level, its own step (null if it has none), and in `at` where it stands on an axis of steps. An event without
 * a step stands between its neighbours by its time; that place is for drawing, and is never shown as a figure.
 */
export function placeEvents(events, { started, startStep = 1, now, step }) {
  const time = (text) => new Date(text).getTime();
  const anchors = events.map((event) => ({ time: time(event.time), step: stepOf(event) })).filter((anchor) => anchor.step !== null && Number.isFinite(anchor.time));
  if (started) anchors.push({ time: time(started), step: startStep });
  if (now && step) anchors.push({ time: time(now), step });
  anchors.sort((one, other) => one.time - other.time);
  return events.map((event) => {
    const own = stepOf(event);
    const at = own ?? between(anchors, time(event.time)) ?? startStep;
    return { ...event, step: own, at: Math.max(startStep, Math.min(step || at, at)), level: levelOf(event.kind) };
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
