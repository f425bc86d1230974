"""Chromium on the dashboard's pages."""

import base64
import json
import os
import pathlib

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

MEASURE = (pathlib.Path(__file__).parent / "measure.js").read_text()


class Failure(Exception):
    """A failed check; the text states what was found."""


def require(condition, text):
    if not condition:
        raise Failure(text)


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
