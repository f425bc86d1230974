// A traced step on one time axis: lanes, spans, transfers, and sums by kind.

import { processName } from "./format.js";

export const kinds = {
  compute: "computing", exchange_wait: "waiting for a worker", store_wait: "waiting for the store", data_wait: "waiting for images", send: "sending", update: "updating", other: "other",
};

const order = { worker: 0, store: 1, coordinator: 2 };

/** Converts times to nanoseconds since the earliest origin of the processes. */
export function arrange({ step, processes }) {
  const sorted = [...processes].sort((one, other) => (order[one.role] ?? 3) - (order[other.role] ?? 3) || one.rank - other.rank);
  // As doubles, origins are rounded to some hundred nanoseconds, far below the clocks' uncertainty.
  const origin = Math.min(...sorted.map((process) => process.origin));
  const lanes = sorted.map((process, lane) => ({
    name: processName(process), uncertainty: process.uncertainty ?? 0,
    spans: process.spans.map((span) => {
      const start = process.origin - origin + span.start;
      return { ...span, kind: kinds[span.kind] ? span.kind : "other", lane, start, end: start + span.duration };
    }),
  }));
  const end = Math.max(1, ...lanes.flatMap((lane) => lane.spans.map((span) => span.end)));
  return { step, lanes, end, arrows: transfers(sorted, lanes) };
}

/** Returns an arrow from each transfer to another worker to the wait that it ends. */
function transfers(processes, lanes) {
  const sent = new Map();
  const waited = new Map();
  lanes.forEach((lane, index) => {
    const { rank, role } = processes[index];
    if (role !== "worker") return;
    for (const span of lane.spans) {
      const send = span.kind === "send" && /^(.*) to worker (\d+)$/.exec(span.name);
      if (send) sent.set(`${send[1]} ${rank} ${send[2]}`, span);
      const wait = span.kind === "exchange_wait" && /^(.*) from worker (\d+)$/.exec(span.name);
      if (wait) waited.set(`${wait[1]} ${wait[2]} ${rank}`, span);
    }
  });
  const arrows = [];
  for (const [key, from] of sent) {
    const to = waited.get(key);
    if (!to) continue;
    arrows.push({ from, to });
    from.ends = to;
    to.endedBy = from;
  }
  return arrows;
}

/** Returns the nanoseconds of a lane by kind. */
export function sums(lane) {
  const total = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, 0]));
  for (const span of lane.spans) total[span.kind] += span.duration;
  return total;
}
