// The session that permits control of runs. The token is entered once and becomes a cookie that scripts cannot read.

import { decoded } from "./address.js";
import { announce, fill, h, setText } from "./dom.js";
import { api, onSessionEnd } from "./api.js";

export const session = { version: "", needsToken: false, canControl: false };
const changes = new EventTarget();

/** Calls an action whenever this browser's permissions change. Returns a function that ends this. */
export function whenSessionChanges(action) {
  changes.addEventListener("change", action);
  return () => changes.removeEventListener("change", action);
}

/** Fetches this browser's permissions from the server again. */
export async function refreshSession() {
  const answer = await api.session();
  Object.assign(session, { version: answer.version, needsToken: answer.needs_token, canControl: answer.can_control });
  const button = document.getElementById("session");
  setText(button, session.canControl ? "Forget token" : "Enter token");
  // If reading requires the token too, the page itself shows the form.
  button.hidden = session.needsToken;
  changes.dispatchEvent(new Event("change"));
}

/** Takes a token from the address (#token=…) and removes it there. Resolves to the error, if the token was rejected. */
export async function takeTokenFromAddress() {
  const match = /^#token=([^&/]+)&?(\/.*)?$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", `${location.pathname}#${match[2] ?? "/"}`);
  let failure = null;
  await api.signIn(decoded(match[1])).catch((error) => { failure = error; });
  await refreshSession();
  return failure;
}

export async function beginSession() {
  const failure = await takeTokenFromAddress();
  await refreshSession();
  onSessionEnd(() => refreshSession().catch(() => {}));
  document.getElementById("session").addEventListener("click", async () => {
    if (!session.canControl) return askForToken();
    try {
      await api.signOut();
      await refreshSession();
      announce("The token has been forgotten.");
    } catch (error) {
      announce(error.message, { urgent: true });
    }
  });
  if (failure) askForToken(failure.message);
}

/** Shows the token form in a dialog. Resolves to whether this browser may control runs. */
export function askForToken(failure = "") {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "token-title" });
    dialog.append(tokenForm(failure, () => dialog.close(), () => dialog.close()));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(session.canControl);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Creates the token form. The page shows it directly if reading requires the token too. */
export function tokenForm(failure, done, cancel = null) {
  const input = h("input", { type: "password", id: "token", name: "token", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-help token-error" });
  const error = h("p", { id: "token-error", class: "error", role: "alert" }, failure);
  const submit = async (event) => {
    event.preventDefault();
    fill(error);
    try {
      await api.signIn(input.value.trim());
      await refreshSession();
      announce("The token was accepted.");
      done();
    } catch (problem) {
      setText(error, problem.message);
      input.select();
    }
  };
  return h(
    "form", { class: "token", onsubmit: submit },
    h("h2", { id: "token-title" }, "Token"),
    h("p", { id: "token-help" }, "It is in the file that ", h("code", {}, "colonnade dashboard"), " names when it starts. It permits this browser to stop runs and to request checkpoints."),
    h("label", { for: "token" }, "Token"), input, error,
    h("div", { class: "buttons" }, cancel && h("button", { type: "button", onclick: cancel }, "Cancel"), h("button", { type: "submit", class: "primary" }, "Use token")),
  );
}
