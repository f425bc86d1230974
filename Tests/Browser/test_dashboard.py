#!/usr/bin/env python3
"""Tests the dashboard in a real browser while a real run trains.

    test_dashboard.py BINARY --data DIR [--preset cifar10] [--screenshots DIR]
    test_dashboard.py BINARY --data DIR --dashboard URL --runs DIR --token FILE

Starts `BINARY train` and `BINARY dashboard`, and opens its pages in Chromium. --dashboard selects a dashboard that already
serves --runs. Needs selenium, chromium and chromium-driver. Prints a line for each check; exits with 1 if one failed.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.parse
import urllib.request

import values
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

MEASURE = (pathlib.Path(__file__).parent / "measure.js").read_text()
LIVE, FIRST = "browser-live", "browser-first"
SECTIONS = ["curves", "workers", "layers", "kernels", "timeline", "events", "log", "settings"]
ROUTES = ["/"] + [f"/run/{LIVE}/{section}" for section in SECTIONS] + [f"/compare/{FIRST},{LIVE}"]
# An element that must be visible before a section is checked.
READY = {"timeline": ".span", "kernels": "canvas", "curves": ".plot path.line", "layers": ".chart .swatch", "compare": ".plot path.line", "workers": ".node"}
# Requested checkpoints are distinguished from others by their step.
CHECKPOINT_EVERY = 200


class Failure(Exception):
    """A failed check; the text states what was found."""


def require(condition, text):
    if not condition:
        raise Failure(text)


class Processes:
    """Starts and ends the runs and the dashboard."""

    def __init__(self, options):
        self.options, self.dashboard, self.live = options, None, None
        self.logs = pathlib.Path(tempfile.mkdtemp(prefix="dashboard-test-"))
        self.runs = options.runs or str(self.logs / "runs")

    def train(self, name, steps, *settings):
        command = [self.options.binary, "train", "--preset", self.options.preset, "--data", self.options.data,
                   "--steps", str(steps), "--trace-every", "20", "--norms-every", "10", "--runs", self.runs, "--name", name,
                   "--set", "batch=16", f"checkpoint.every={CHECKPOINT_EVERY}", "validation.every=100", *settings]
        output = open(self.logs / f"{name}.log", "w")
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def serve(self, listen="127.0.0.1:0"):
        command = [self.options.binary, "dashboard", "--runs", self.runs, "--listen", listen]
        self.dashboard = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(self.logs / "dashboard.log", "w"), text=True)
        address = token = None
        for line in self.dashboard.stdout:
            if match := re.search(r"dashboard at (http://\S+)", line):
                address = match[1]
            if match := re.match(r"\s*token (\S.*)", line):
                token = match[1].strip()
            if address and token:
                break
        require(address and token, f"`colonnade dashboard` did not print its address and token; see {self.logs}")
        # Later output is read too, because a full pipe would block the dashboard.
        threading.Thread(target=self.dashboard.stdout.read, daemon=True).start()
        return address, pathlib.Path(token).read_text().strip()

    def end(self):
        for process in (self.live, self.dashboard):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


class Page:
    """Controls Chromium on the dashboard's pages."""

    def __init__(self, options, address):
        self.options, self.address = options, address
        settings = webdriver.ChromeOptions()
        settings.binary_location = options.browser
        # --no-sandbox, because the test may run as root in a container. It opens only pages of this machine.
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
            settings.add_argument(argument)
        settings.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=settings, service=Service(options.driver))
        self.complaints, self.requests = [], []
        self.look()

    def look(self, width=1280, height=900, scheme="light"):
        self.width, self.height = width, height
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def go(self, route, ready=None):
        """Opens a route like a link of the page, and waits for its heading and content."""
        if not self.driver.current_url.startswith(self.address):
            self.driver.get(f"{self.address}#{route}")
        else:
            self.driver.execute_script("location.hash = arguments[0]", f"#{route}")
        self.until(lambda: self.js("return document.querySelector('main').dataset.shown") == f"#{route}", f"{route} to be shown")
        self.until(lambda: not self.js("return document.querySelector('main').textContent.includes('Loading …')"), "the page to load")
        if ready:
            self.until(lambda: any(one.is_displayed() for one in self.all(ready)), f"{ready} on {route}")

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def measure(self, name, *arguments):
        return self.driver.execute_script(MEASURE, name, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def until(self, condition, what, seconds=60):
        waiting = WebDriverWait(self.driver, seconds, 0.1, ignored_exceptions=[StaleElementReferenceException])
        try:
            return waiting.until(lambda _: condition())
        except TimeoutException:
            raise Failure(f"waited {seconds} s for {what}") from None

    def log_in(self, token):
        self.one("#session").click()
        self.one("#token").send_keys(token, Keys.ENTER)

    def collect(self):
        """Collects the browser's logs, which discard entries that were read."""
        for entry in self.driver.get_log("browser"):
            if entry["level"] == "SEVERE":
                self.complaints.append(entry["message"])
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])

    def shoot(self, name):
        if not self.options.screenshots:
            return
        os.makedirs(self.options.screenshots, exist_ok=True)
        height = min(2400, self.js("return document.documentElement.scrollHeight"))
        clip = {"x": 0, "y": 0, "width": self.width, "height": max(height, 400), "scale": 1}
        screenshot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        (pathlib.Path(self.options.screenshots) / f"{name}.png").write_bytes(base64.b64decode(screenshot["data"]))


class Checks:
    """All checks in their order. The last ones end the run."""

    def __init__(self, options, processes, page, token):
        self.options, self.processes, self.page, self.token = options, processes, page, token
        self.passed, self.failed = 0, 0

    def run(self):
        for name in [name for name in vars(Checks) if name.startswith("check_")]:
            title = name.removeprefix("check_").replace("_", " ")
            if self.options.only and not re.search(self.options.only, title):
                continue
            try:
                found = getattr(self, name)()
                self.passed += 1
                print(f"ok    {title}{f': {found}' if found else ''}", flush=True)
            except Exception as error:  # an exception fails the check, and the others still run
                self.failed += 1
                print(f"FAIL  {title}: {error if isinstance(error, Failure) else traceback.format_exc()}", flush=True)
                self.page.shoot(f"failed-{name}")
                self.page.js("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")
        print(f"{self.passed} passed, {self.failed} failed")
        return self.failed == 0

    # Before there is a token

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

    # How it looks and is used

    def check_structure_and_names(self):
        page, problems = self.page, []
        for route in ROUTES:
            page.go(route)
            problems += [f"{route}: {one}" for one in page.measure("structure")]
            problems += [f"{route}: no name: {page.measure('name', one)}" for one in page.measure("focusable") if not one.accessible_name]
        require(not problems, "; ".join(problems[:8]))

    def check_contrast_in_both_schemes(self):
        page, problems, checked = self.page, [], 0
        for scheme in ("light", "dark"):
            page.look(scheme=scheme)
            for route in ROUTES:
                page.go(route, READY.get(name_of(route)))
                found = page.measure("contrast")
                checked += found["checked"]
                problems += [f"{scheme} {route}: {one}" for one in found["failures"]]
                page.shoot(f"{scheme}-{name_of(route)}")
            problems += [f"{scheme}: {one}" for one in page.measure("fills")]
        page.look()
        require(not problems, "; ".join(problems[:8]))
        return f"{checked} texts"

    def check_theme_switch(self):
        page = self.page
        background = lambda: page.js("return getComputedStyle(document.body).backgroundColor")
        light = background()
        page.js("const select = document.getElementById('theme'); select.value = 'dark'; select.dispatchEvent(new Event('change'))")
        require(background() != light, "the dark theme looks like the light one")
        require(not page.measure("fills"), "colours of the chosen dark theme")
        page.driver.refresh()
        page.until(lambda: page.js("return document.documentElement.dataset.theme") == "dark", "the choice to be kept")
        page.js("const select = document.getElementById('theme'); select.value = 'auto'; select.dispatchEvent(new Event('change'))")
        require(background() == light, "the system's theme was not restored")

    def check_no_sideways_scrolling_at_360_px(self):
        page, problems = self.page, []
        page.look(360, 740)
        for route in ROUTES:
            page.go(route, READY.get(name_of(route)))
            problems += [f"{route}: {one}" for one in page.measure("overflow")]
            page.shoot(f"phone-{name_of(route)}")
        page.look()
        require(not problems, "; ".join(problems[:8]))

    def check_tab_reaches_everything(self):
        page, problems, reached_in_all = self.page, [], 0
        for route in ROUTES:
            page.go(route, READY.get(name_of(route)))
            # Elements are marked themselves, because marks survive updates of the page.
            page.js("document.activeElement?.blur(); document.querySelectorAll('[data-reached]').forEach((one) => one.removeAttribute('data-reached')); window.getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
            wanted = page.measure("focusable")
            for _ in range(len(wanted) + 40):
                page.press(Keys.TAB)
                element = page.driver.switch_to.active_element
                if element.tag_name in ("body", "html") or page.js("return arguments[0].hasAttribute('data-reached')", element):
                    break
                page.js("arguments[0].setAttribute('data-reached', '')", element)
                reached_in_all += 1
                if not page.measure("focusMark", element):
                    problems.append(f"{route}: focus does not show on {page.measure('name', element)}")
            # Elements that the page removed meanwhile cannot be reached, and elements that it added need not be.
            missed = [one for one in wanted if page.js("return arguments[0].isConnected && !arguments[0].hasAttribute('data-reached')", one)]
            problems += [f"{route}: not reached: {page.measure('name', one)}" for one in missed]
        require(not problems, "; ".join(problems[:8]))
        return f"{reached_in_all} stops"

    def check_skip_link(self):
        page = self.page
        page.go("/")
        page.js("document.getElementById('skip').focus()")
        page.press(Keys.ENTER)
        require(page.js("return document.activeElement.id") == "main", "the skip link does not go to the content")

    def check_chart_by_keyboard(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", ".plot path.line")
        plot = page.one(".chart .plot")
        page.js("arguments[0].focus()", plot)
        read = lambda: plot.get_attribute("aria-valuetext")
        page.press(Keys.HOME)
        first = page.until(lambda: re.match(r"step \d+: .*training \d", read()) and int(plot.get_attribute("aria-valuenow")) < 20 and read(), "the first step's values")
        page.press(Keys.ARROW_RIGHT)
        page.until(lambda: read() != first, "the next step's values")
        page.press("+")
        page.until(lambda: any(one.text == "Show all steps" and one.is_displayed() for one in page.all(".controls button")), "the zoom")
        page.press("0", Keys.ESCAPE)
        # The table below the chart has the same values.
        page.one(".chart details summary").click()
        page.until(lambda: len(page.all(".chart details tbody tr")) > 3, "the chart's table")
        page.one(".chart details summary").click()

    def check_events_and_log(self):
        page = self.page
        page.go(f"/run/{LIVE}/events", "tbody tr")
        page.until(lambda: "training from step 1" in page.text("main"), "the event of the start")
        page.go(f"/run/{LIVE}/log", "tbody tr")
        page.until(lambda: re.search(r"worker 0", page.text("main table")), "a line of a worker in the log")
        page.go(f"/run/{LIVE}/settings", "tbody tr")
        require("optimizer.learning_rate" in page.text("main"), "no learning rate among the settings")

    def check_comparison(self):
        page = self.page
        page.go("/", "tbody tr")
        for name in (FIRST, LIVE):
            page.js("arguments[0].click()", page.one(f"input[aria-label='compare {name}']"))
        page.until(lambda: page.text("main a.button") == "Compare 2 runs", "the link to the comparison")
        page.one("main a.button").click()
        page.until(lambda: len(page.one(".plot").find_elements(By.CSS_SELECTOR, "path.line")) == 2, "two curves")
        require("learning_rate" in page.text("main"), "the learning rate is not among the settings that differ")

    # Every figure is the run's

    def check_figures_of_the_head_are_the_run_s(self):
        wrong = values.wrong_in_head(self.page, self.processes.runs)
        require(not wrong, "; ".join(wrong))

    def check_figures_of_the_list_are_the_run_s(self):
        wrong = values.wrong_in_list(self.page, self.processes.runs)
        require(not wrong, "; ".join(wrong))

    def check_figures_of_the_layers_are_the_run_s(self):
        wrong = values.wrong_in_layers(self.page, self.processes.runs)
        require(not wrong, "; ".join(wrong))
        self.page.shoot("layers-values")

    # With the token

    def check_wrong_token_is_refused(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", "#stop")
        page.log_in("not the token")
        page.until(lambda: len(page.text("#token-error")) > 10, "an error message about the wrong token")
        page.press(Keys.ESCAPE)
        require(not page.one("#stop").is_enabled(), "a wrong token gives control")

    def check_token_form(self):
        page = self.page
        page.log_in(self.token)
        page.until(lambda: page.one("#stop").is_enabled() and page.one("#checkpoint").is_enabled(), "the buttons")
        page.one("#session").click()
        page.until(lambda: not page.one("#stop").is_enabled(), "the buttons to be disabled when the token is removed")

    def check_token_in_the_address(self):
        page = self.page
        page.driver.get("about:blank")
        page.driver.get(f"{page.address}#token={urllib.parse.quote(self.token)}")
        page.until(lambda: page.text("#session") == "Forget token", "the token to be accepted")
        require(self.token not in page.driver.current_url, "the token stays in the address")
        page.go(f"/run/{LIVE}/events", "tbody tr")
        page.until(lambda: page.one("#stop").is_enabled(), "the buttons")

    def check_checkpoint_button(self):
        page = self.page
        rows = "return [...document.querySelectorAll('tbody tr')].map((row) => row.textContent)"
        asked_for = lambda: [int(match[1]) for text in page.js(rows) for match in re.finditer(r"checkpoint of step (\d+)", text) if int(match[1]) % CHECKPOINT_EVERY]
        before = len(asked_for())
        for _ in range(3):  # a request may coincide with a step that has a checkpoint anyway
            page.until(lambda: page.one("#checkpoint").is_enabled(), "the checkpoint button")
            page.one("#checkpoint").click()
            try:
                page.until(lambda: len(asked_for()) > before, "an event of the checkpoint", 30)
                return f"step {asked_for()[0]}"
            except Failure as failure:
                last = failure
        raise last

    def check_timeline(self):
        page = self.page
        page.go(f"/run/{LIVE}/timeline", ".span")
        require(len(page.all(".lane")) >= 3, f"{len(page.all('.lane'))} processes")
        require(len(page.all(".span")) > 50, f"{len(page.all('.span'))} spans")
        require(page.all(".arrow"), "no arrows between processes")
        plot = page.one(".timeline")
        page.js("arguments[0].focus()", plot)
        page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        page.until(lambda: re.match(r"worker 1: .* from ", plot.get_attribute("aria-valuetext")), "the cursor on a span of worker 1")
        page.until(lambda: page.one(".tip").is_displayed(), "the span's tooltip")
        count = len(page.all(".span"))
        page.press("+", "+", "+")
        page.until(lambda: len(page.all(".span")) < count, "the zoom")
        page.shoot("timeline-zoomed")
        page.press("0")
        page.until(lambda: len(page.all(".span")) == count, "the whole step again")

    def check_kernels(self):
        page = self.page
        page.go(f"/run/{LIVE}/kernels", "canvas")
        page.until(lambda: len(page.all("canvas")) >= 2 and all(page.measure("isImage", one) for one in page.all("canvas")), "images of the kernels of two columns")
        slider = page.one("#kernel-step")
        label = slider.get_attribute("aria-valuetext")
        page.js("arguments[0].focus()", slider)
        page.press(Keys.HOME)
        if slider.get_attribute("max") != "0":
            page.until(lambda: slider.get_attribute("aria-valuetext") != label, "the first kernels")

    def check_norms_of_layers(self):
        page = self.page
        page.go(f"/run/{LIVE}/layers", ".plot path.line")
        require("conv1.weight" in page.text("main"), "conv1 is not in the table")

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

    # The end

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
        # The rejected token causes a status that the browser logs.
        unexpected = [one for one in self.page.complaints if not ("/api/session" in one and "401" in one)]
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


def name_of(route):
    return {"": "runs", "compare": "compare"}.get(route.split("/")[1]) or route.split("/")[3]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="colonnade")
    parser.add_argument("--data", required=True, help="a packed data set that the preset can train on")
    parser.add_argument("--preset", default="cifar10")
    parser.add_argument("--dashboard", metavar="URL", help="a dashboard that already serves --runs")
    parser.add_argument("--runs", help="the folder of runs (default: a temporary one)")
    parser.add_argument("--token", metavar="FILE", help="with --dashboard: the file that contains its token")
    parser.add_argument("--screenshots", metavar="DIR", help="write screenshots of all pages to this folder")
    parser.add_argument("--only", metavar="PATTERN", help="run only the checks whose title matches; some depend on earlier ones")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--driver", default="/usr/bin/chromedriver")
    options = parser.parse_args()
    if options.dashboard and not (options.runs and options.token):
        parser.error("--dashboard needs --runs and --token")

    # On SIGTERM, the processes that the test started are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    processes, page = Processes(options), None
    try:
        first = processes.train(FIRST, 30, "optimizer.learning_rate=0.003")
        require(first.wait(300) == 0, f"the first run failed; see {processes.logs}")
        values.write(pathlib.Path(processes.runs, FIRST), processes.runs)
        # Enough steps to outlast the test. The stop button ends the run.
        processes.live = processes.train(LIVE, 1_000_000, "optimizer.learning_rate=0.001")
        if options.dashboard:
            address, token = options.dashboard.rstrip("/") + "/", pathlib.Path(options.token).read_text().strip()
        else:
            address, token = processes.serve()
        page = Page(options, address)
        metrics = pathlib.Path(processes.runs, LIVE, "metrics.jsonl")
        page.until(lambda: metrics.exists() and metrics.read_bytes().count(b"\n") > 60, "the run to train some steps", 300)
        ok = Checks(options, processes, page, token).run()
    except Failure as failure:
        print(f"FAIL  {failure}\n0 passed, 1 failed")
        ok = False
    finally:
        if page:
            page.driver.quit()
        processes.end()
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
