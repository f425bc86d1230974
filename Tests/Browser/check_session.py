"""Checks of the token, and of what may be done with it."""

import re
import urllib.parse

from browser_page import Failure, require
from check_group import CheckGroup
from run_processes import CHECKPOINT_EVERY, LIVE
from selenium.webdriver.common.keys import Keys


class SessionChecks(CheckGroup):
    def check_wrong_token_is_refused(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", "#stop")
        page.log_in("not the token")
        page.until(lambda: len(page.text("#token-error")) > 10, "an error message about the wrong token")
        page.press(Keys.ESCAPE)
        require(not page.one("#stop").is_enabled(), "a wrong token gives control")

    def check_token_form(self):
        page = self.page
        page.go(f"/run/{LIVE}/curves", "#stop")
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
