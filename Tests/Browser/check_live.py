"""Checks of the pages of a run that trains, before there is a token."""

import json
import re
import urllib.error
import urllib.request

from browser_page import Failure, require
from check_group import CheckGroup
from run_processes import FIRST, LIVE


class LiveChecks(CheckGroup):
    def check_content_security_policy(self):
        with urllib.request.urlopen(self.page.address) as answer:
            policy = answer.headers.get("Content-Security-Policy", "")
        require("default-src 'self'" in policy, f"the policy is “{policy}”")
        require("unsafe" not in policy, f"the policy is “{policy}”")

    def check_runs_are_listed_live(self):
        page = self.page
        page.go("/", "tbody tr")
        page.until(lambda: page.text("#live") == "live", "“live” in the header")
        page.until(lambda: {FIRST, LIVE} <= {row.text.split("\n")[0] for row in page.all("tbody [role=rowheader]")}, "both runs")
        before = page.text("tbody tr")
        page.until(lambda: page.text("tbody tr") != before, "the list to change while a run trains")

    def check_loss_chart_grows(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", ".plot path.line")
        state = lambda: page.js("const all = document.querySelector('[data-last]'); return [Number(all.dataset.points), all.dataset.last, document.querySelector('.plot path.line')?.getAttribute('d') ?? '']")
        page.until(lambda: state()[0] > 5, "some steps")
        before = state()
        page.until(lambda: state()[1] != before[1] and state()[2] != before[2], "another step in the chart")
        require(state()[0] <= 800, f"{state()[0]} points")
        return f"step {before[1]} to {state()[1]}"

    def check_worker_states_appear(self):
        page = self.page
        page.go(f"/run/{LIVE}/workers", "tbody tr")
        row = lambda rank: page.js("return [...document.querySelectorAll('tbody tr')].find((one) => one.textContent.startsWith(arguments[0]))?.innerText ?? ''", f"worker {rank}")
        for rank in (0, 1):
            page.until(lambda: re.search(r"computing|waiting|sending|preparing|holding|paused|idle", row(rank)), f"the state of worker {rank}")
            page.until(lambda: re.search(r"\d+\.\d\s%", row(rank)), f"the shares of time of worker {rank}")
        names = [one.text for one in page.all(".node .name")]
        require({"coordinator", "worker 0", "worker 1", "store 0"} <= set(names), f"the topology has {names}")
        require(page.all(".topology .bytes"), "no bytes on the topology's links")
        page.until(lambda: page.text(".figures").count("computing") == 1, "how many workers compute")

    def check_buttons_need_the_token(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", "#stop")
        require(not page.one("#stop").is_enabled() and not page.one("#checkpoint").is_enabled(), "a button can be used without the token")
        request = urllib.request.Request(f"{page.address}api/runs/{LIVE}/stop", data=b"{}", method="POST", headers={"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request)
            raise Failure("the server stopped the run without a token")
        except urllib.error.HTTPError as error:
            require(error.code in (401, 403), f"the server answered {error.code}")
            require(json.load(error).get("error"), "the server gave no error message")

    def check_navigation_adds_no_listeners(self):
        """A listener to the session goes with the page that listens."""
        page = self.page
        page.go("/", "tbody tr")
        page.js("""window.sessionListeners = 0;
            const count = (name, by) => {
              const original = EventTarget.prototype[name];
              EventTarget.prototype[name] = function (type, ...rest) {
                if (this?.constructor === EventTarget && type === 'change') window.sessionListeners += by;
                return original.call(this, type, ...rest);
              };
            };
            count('addEventListener', 1);
            count('removeEventListener', -1);""")
        for _ in range(3):
            page.go(f"/run/{LIVE}/curves", ".plot path.line")
            page.go(f"/run/{LIVE}/events", "tbody tr")
            page.go("/", "tbody tr")
        left = page.js("return window.sessionListeners")
        page.driver.refresh()
        require(left == 0, f"{left} listeners are left")

    def check_addresses_that_are_not_well_encoded(self):
        page = self.page
        for address in ("#/run/%/curves", "#/compare/%,%e0", "#/run/%e0%a4/events"):
            page.js("location.hash = arguments[0]", address)
            page.until(lambda: page.text("main h1") in ("The page could not be loaded", "Compare runs"), f"a page at {address}")
        page.driver.get("about:blank")
        page.driver.get(f"{page.address}#token=%")
        page.until(lambda: len(page.text("#token-error")) > 10, "an error message about the token")
        page.js("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")
        # The same while the page is open.
        page.go("/", "tbody tr")
        page.js("location.hash = '#token=%'")
        page.until(lambda: len(page.text("#token-error")) > 10, "an error message about the token of a later address")
        page.js("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")

    def check_a_section_that_loads_does_not_say_that_it_is_empty(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", ".plot path.line")
        for section, request in (("timeline", "/timeline"), ("log", "/log"), ("layers", "/norms")):
            page.js("""const original = window.fetch;
                window.held = [];
                window.fetch = (resource, ...rest) => String(resource.url ?? resource).includes(arguments_[0])
                  ? new Promise((resolve) => window.held.push(() => resolve(original(resource, ...rest)))) : original(resource, ...rest);
                window.release = () => { window.fetch = original; window.held.forEach((one) => one()); };
                """.replace("arguments_[0]", json.dumps(request)))
            page.js("location.hash = arguments[0]", f"#/run/{LIVE}/{section}")
            page.until(lambda: page.js("return window.held.length") > 0, f"the request of {section}")
            shown = page.js("return [...document.querySelectorAll('.section p')].filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => one.textContent)")
            page.js("window.release()")
            require(shown == ["Loading …"], f"{section} says {shown} while it loads")
            page.until(lambda: "Loading …" not in page.text("main"), f"{section} to be loaded")
