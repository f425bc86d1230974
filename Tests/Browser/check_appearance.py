"""Checks of how pages look, and of their use by keyboard."""

import re

from browser_page import require
from check_group import CheckGroup
from routes import READY, ROUTES, name_of
from run_processes import LIVE
from selenium.webdriver.common.keys import Keys


class AppearanceChecks(CheckGroup):
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

    def check_tables_are_not_cut_off_at_400_px(self):
        page, problems = self.page, []
        page.look(400, 740)
        for route in ROUTES:
            page.go(route, READY.get(name_of(route)))
            page.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            page.until(lambda: page.js("return [...document.querySelectorAll('details')].every((one) => one.open)"), "the tables")
            cut = page.js("return [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.getAttribute('aria-label'))")
            problems += [f"{route}: {one}" for one in cut]
            page.js("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
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
