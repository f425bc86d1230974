// Who may control runs: a token given once becomes a cookie that scripts cannot read.

import { announce, fill, h, setText } from "./dom.js";
import { api, onSessionEnd } from "./api.js";

export const session = { version: "", needsToken: false, canControl: false };
const changes = new EventTarget();

/** Calls an action whenever what this browser may do changes; returns what ends that. */
export function whenSessionChanges(action) {
  changes.addEventListener("change", action);
  return () => changes.removeEventListener("change", action);
}

/** Asks the server anew what this browser may do. */
export async function refreshSession() {
  const answer = await api.session();
  Object.assign(session, { version: answer.version, needsToken: answer.needs_token, canControl: answer.can_control });
  const button = document.getElementById("session");
  setText(button, session.canControl ? "Forget token" : "Enter token");
  // Where nothing may be seen without a token the form stands on the page.
  button.hidden = session.needsToken;
  changes.dispatchEvent(new Event("change"));
}

/** Takes a token from the address (#token=…), where it must not stay; resolves to what went wrong, if anything. */
export async function takeTokenFromAddress() {
  const match = /^#token=([^&/]+)&?(\/.*)?$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", `${location.pathname}#${match[2] ?? "/"}`);
  let failure = null;
  await api.signIn(decodeURIComponent(match[1])).catch((error) => { failure = error; });
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
      announce("The token is forgotten.");
    } catch (error) {
      announce(error.message, { urgent: true });
    }
  });
  if (failure) askForToken(failure.message);
}

/** The token form, in a dialog; resolves to whether the token was taken. */
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

/** The form itself, which stands on the page where nothing may be seen without a token. */
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
    h("p", { id: "token-help" }, "It is in the file that ", h("code", {}, "colonnade dashboard"), " names when it starts. It lets this browser stop runs and ask for checkpoints."),
    h("label", { for: "token" }, "Token"), input, error,
    h("div", { class: "buttons" }, cancel && h("button", { type: "button", onclick: cancel }, "Cancel"), h("button", { type: "submit", class: "primary" }, "Use token")),
  );
}
