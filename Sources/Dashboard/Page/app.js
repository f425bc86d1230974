// Shows the page that the address names.

import { routeOf } from "./address.js";
import { announce, fill, h, whileLoading } from "./dom.js";
import { askForToken, beginSession, session, takeTokenFromAddress, tokenForm, whenSessionChanges } from "./session.js";
import { RunsPage } from "./runs-page.js";
import { RunPage } from "./run-page.js";
import { ComparePage } from "./compare-page.js";

const main = document.getElementById("main");
let page = null;
let hasShown = false;

function make({ kind, key }) {
  if (kind === "run") return new RunPage(key);
  if (kind === "compare") return new ComparePage(key ? key.split(",") : []);
  return new RunsPage();
}

async function show() {
  const wanted = routeOf(location.hash);
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.dataset.route === wanted.kind) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (session.needsToken) {
    page?.close();
    page = null;
    document.title = "Token – Colonnade";
    fill(main, h("h1", {}, "Colonnade"), tokenForm("", show));
    main.dataset.shown = "token";
    return;
  }
  // Another section of the same run reuses the run's page, its stream and its data.
  if (!page || page.kind !== wanted.kind || page.key !== wanted.key) {
    page?.close();
    page = Object.assign(make(wanted), { kind: wanted.kind, key: wanted.key });
    const opened = page;
    const end = whileLoading(main, page.element);
    try {
      await page.open();
    } catch (error) {
      opened.close();
      if (page === opened) page = null;
      // If the session has ended, the token form is shown instead.
      if (session.needsToken) return show();
      fill(main, h("h1", {}, "The page could not be loaded"), h("p", { class: "error" }, error.message), h("p", {}, h("a", { href: "#/" }, "Go to the list of runs")), h("button", { type: "button", onclick: show }, "Try again"));
      announce(error.message, { urgent: true });
      return;
    }
    end();
    if (page !== opened) return;
  }
  page.show?.(wanted.section);
  document.title = page.title;
  // After a link, keyboard and screen reader users start at the new page's heading; the first page starts at its top.
  if (hasShown) main.querySelector("[data-focus], h1")?.focus({ preventScroll: false });
  hasShown = true;
  main.dataset.shown = location.hash;
}

document.getElementById("skip").addEventListener("click", (event) => {
  // The address's fragment is the route, so the link cannot use it.
  event.preventDefault();
  main.focus();
});
window.addEventListener("hashchange", async () => {
  const failure = await takeTokenFromAddress();
  await show();
  if (failure && !session.needsToken) askForToken(failure.message);
});

try {
  await beginSession();
} catch (error) {
  fill(main, h("h1", {}, "Colonnade"), h("p", { class: "error" }, error.message), h("button", { type: "button", onclick: () => location.reload() }, "Try again"));
  throw error;
}
await show();
whenSessionChanges(() => {
  // After signing out, or if the server has a new token, this browser may no longer see the page's content.
  if (session.needsToken && main.dataset.shown !== "token") show();
});
