"""The processes of the browser test: two runs and the dashboard."""

import pathlib
import re
import subprocess
import tempfile
import threading

from browser_page import require

LIVE, FIRST = "browser-live", "browser-first"
# Requested checkpoints are distinguished from others by their step.
CHECKPOINT_EVERY = 200


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
