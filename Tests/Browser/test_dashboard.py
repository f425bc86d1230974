#!/usr/bin/env python3
"""Tests the dashboard in a real browser while a real run trains.

    test_dashboard.py BINARY --data DIR [--preset cifar10] [--screenshots DIR]
    test_dashboard.py BINARY --data DIR --dashboard URL --runs DIR --token FILE

Starts `BINARY train` and `BINARY dashboard`, and opens its pages in Chromium. --dashboard selects a dashboard that already
serves --runs. Needs selenium, chromium and chromium-driver. Prints a line for each check; exits with 1 if one failed.
"""

import argparse
import pathlib
import re
import signal
import sys
import traceback

import small_run
import values
from browser_page import Failure, Page, require
from check_appearance import AppearanceChecks
from check_content import ContentChecks
from check_ending import EndingChecks
from check_live import LiveChecks
from check_session import SessionChecks
from check_training import TrainingChecks
from run_processes import FIRST, LIVE, Processes

# In this order. The last group ends the run.
GROUPS = [LiveChecks, AppearanceChecks, ContentChecks, SessionChecks, TrainingChecks, EndingChecks]


class Checks:
    """Runs the checks of all groups, and counts those that passed and failed."""

    def __init__(self, options, processes, page, token):
        self.options, self.page = options, page
        self.checks = [check for group in GROUPS for check in group(options, processes, page, token).checks()]
        self.passed, self.failed = 0, 0

    def run(self):
        for title, check in self.checks:
            if self.options.only and not re.search(self.options.only, title):
                continue
            try:
                found = check()
                self.passed += 1
                print(f"ok    {title}{f': {found}' if found else ''}", flush=True)
            except Exception as error:  # an exception fails the check, and the others still run
                self.failed += 1
                print(f"FAIL  {title}: {error if isinstance(error, Failure) else traceback.format_exc()}", flush=True)
                self.page.shoot(f"failed-{check.__name__}")
                self.page.js("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")
        print(f"{self.passed} passed, {self.failed} failed")
        return self.failed == 0


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
        for made in (values, small_run):
            made.write(pathlib.Path(processes.runs, FIRST), processes.runs)
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
