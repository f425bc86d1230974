"""Checks of what pages contain, and that every figure is the run's."""

import re

import small_run
import values
from browser_page import require
from check_group import CheckGroup
from run_processes import FIRST, LIVE
from selenium.webdriver.common.by import By


class ContentChecks(CheckGroup):
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

    def check_figures_of_a_small_run_are_the_run_s(self):
        wrong = small_run.wrong_in_list(self.page) + small_run.wrong_in_sections(self.page)
        require(not wrong, "; ".join(wrong))
        self.page.shoot("small-run")
