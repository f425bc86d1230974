"""Checks of a failed worker, of the run's end, and of everything that the browser did meanwhile."""

import json
import os
import pathlib
import re
import signal
import urllib.parse

from browser_page import require
from check_group import CheckGroup
from run_processes import LIVE
from selenium.webdriver.common.keys import Keys


class EndingChecks(CheckGroup):
    def check_verdict_is_shown_and_said(self):
        """A hung worker is detected, ended and replaced. The page reports it and marks the charts."""
        page = self.page
        page.go(f"/run/{LIVE}/curves", ".plot path.line")
        page.until(lambda: page.text("#live") == "live", "“live”")
        record = json.loads(pathlib.Path(self.processes.runs, LIVE, "run.json").read_text())
        worker = next(one for one in record["processes"] if one["role"] == "worker" and one["rank"] == 1)
        os.kill(worker["process"], signal.SIGSTOP)
        page.until(lambda: re.search(r"worker 1 .*sent no heartbeat", page.text("#alerts")), "the verdict in the live region", 120)
        page.until(lambda: page.one(".events .bad .flag").get_attribute("d"), "the verdict's flag in the chart")
        page.go(f"/run/{LIVE}/events", "tbody tr")
        require(re.search(r"verdict.*worker 1", page.text("main table")), "the verdict is not in the list of verdicts")
        page.until(lambda: "continues after step" in page.text("main"), "the run to continue", 120)
        page.until(lambda: "continues after step" in page.text(".verdict"), "the banner to report that the run continues")

    def check_stop_asks_and_stops(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", "#stop")
        page.until(lambda: page.one("#stop").is_enabled(), "the stop button")
        page.one("#stop").click()
        page.until(lambda: page.one("dialog").is_displayed(), "the question")
        page.shoot("stop")
        page.press(Keys.ESCAPE)
        page.until(lambda: not page.all("dialog"), "the question to disappear")
        require(page.text(".run-state") == "running", "the run stopped without confirmation")
        page.one("#stop").click()
        page.one("#confirm-stop").click()
        page.until(lambda: page.text(".run-state") == "interrupted", "the state “interrupted”", 300)
        page.until(lambda: not page.one("#stop").is_displayed(), "the buttons to disappear")
        self.processes.live.wait(300)
        record = json.loads(pathlib.Path(self.processes.runs, LIVE, "run.json").read_text())
        require(record["state"] == "interrupted", f"run.json says {record['state']}")

    def check_no_console_errors(self):
        self.page.collect()
        # The rejected tokens cause a status that the browser logs, and so does a run that does not exist.
        unexpected = [one for one in self.page.complaints if not ("/api/session" in one and "401" in one or ("/api/runs/%" in one or "/api/compare" in one) and "404" in one)]
        require(not unexpected, "; ".join(unexpected[:5]))

    def check_no_requests_to_other_hosts(self):
        self.page.collect()
        host = urllib.parse.urlparse(self.page.address).netloc
        web = [url for url in self.page.requests if urllib.parse.urlparse(url).scheme not in ("about", "chrome")]
        others = [url for url in web if urllib.parse.urlparse(url).netloc != host]
        require(web and not others, f"of {len(web)} requests: {others[:5]}")
        require(not any(self.token in url for url in web), "the token was sent in an address")
        return f"{len(web)} requests"

    def check_reconnects(self):
        page = self.page
        if not self.processes.dashboard:
            return "not checked: the test did not start the dashboard"
        page.go("/", "tbody tr")
        page.until(lambda: page.text("#live") == "live", "“live”")
        self.processes.dashboard.terminate()
        self.processes.dashboard.wait(30)
        page.until(lambda: page.text("#live").startswith("reconnecting"), "“reconnecting”")
        self.processes.serve(urllib.parse.urlparse(page.address).netloc)
        page.until(lambda: page.text("#live") == "live", "“live” again")
        return None
