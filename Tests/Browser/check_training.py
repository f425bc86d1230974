"""Checks of the pages that show what was recorded of some steps: timeline, kernels and norms."""

import re

from browser_page import require
from check_group import CheckGroup
from run_processes import LIVE
from selenium.webdriver.common.keys import Keys


class TrainingChecks(CheckGroup):
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
