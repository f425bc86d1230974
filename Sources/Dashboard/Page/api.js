// The server's interface (see the dashboard's documentation). Every failure is an error with a sentence for a person.

export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The dashboard does not answer. Is `colonnade dashboard` still running?", 0);
  }
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    if (response.status === 401) sessionEnded?.();
    throw new ServerError(body?.error ?? `The dashboard answered with status ${response.status}.`, response.status);
  }
  return body;
}

let sessionEnded = null;
/** Called when the server no longer knows this browser. */
export const onSessionEnd = (action) => { sessionEnded = action; };

const get = (path, query = {}, signal = undefined) => {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(known.map(([key, value]) => [key, String(value)])).toString();
  return request(text ? `${path}?${text}` : path, { signal });
};
const post = (path, body) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
const run = (name) => `/api/runs/${encodeURIComponent(name)}`;

export const api = {
  session: () => get("/api/session"),
  signIn: (token) => post("/api/session", { token }),
  signOut: () => request("/api/session", { method: "DELETE" }),
  runs: () => get("/api/runs"),
  run: (name) => get(run(name)),
  metrics: (name, query) => get(`${run(name)}/metrics`, query),
  norms: (name) => get(`${run(name)}/norms`),
  events: (name, after) => get(`${run(name)}/events`, { after }),
  log: (name, after, digest) => get(`${run(name)}/log`, { after, digest }),
  kernels: (name, step, signal) => get(`${run(name)}/kernels`, { step }, signal),
  timeline: (name, step, signal) => get(`${run(name)}/timeline`, { step }, signal),
  compare: (names) => get("/api/compare", { runs: names.join(",") }),
  stop: (name) => post(`${run(name)}/stop`),
  checkpoint: (name) => post(`${run(name)}/checkpoint`),
  runStream: (name) => `${run(name)}/stream`,
  runsStream: () => "/api/stream",
};
