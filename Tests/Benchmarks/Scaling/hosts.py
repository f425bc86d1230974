"""Hosts on one machine: network namespaces joined by a bridge, each with a link of limited rate. Needs root."""
import os
import pathlib
import subprocess


def run(*words, **options):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, **options).stdout


def permitted():
    return os.geteuid() == 0 and subprocess.run(["ip", "netns", "list"], capture_output=True).returncode == 0


class Hosts:
    """Network namespaces on a bridge, with the addresses 10.88.0.1, 10.88.0.2 and so on."""

    def __init__(self, rates, loopback=None, burst="256kb"):
        """Rates are in tc's notation, one per host; None is unlimited. `loopback` is the rate of every host's loopback. The burst is the
        amount that may be sent at once. It must cover 4 ms, by which a busy machine's timers may be late, or the rate is not reached."""
        self.names = [f"colonnade-{os.getpid()}-{i}" for i in range(len(rates))]
        self.bridge = f"col-{os.getpid() % 100000}"
        # All namespaces share one neighbour table; by default, about thirty hosts that know each other fill it.
        limit = pathlib.Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
        if int(limit.read_text()) < 2 * len(rates) ** 2:
            limit.write_text(f"{2 * len(rates) ** 2}\n")
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "link", "set", self.bridge, "up")
        for i, (name, rate) in enumerate(zip(self.names, rates)):
            run("ip", "netns", "add", name)
            run("ip", "link", "add", f"{self.bridge}-{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            run("ip", "link", "set", f"{self.bridge}-{i}", "master", self.bridge, "up")
            run("ip", "-n", name, "address", "add", f"{self.address(i)}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
            # From the host to the bridge, and from the bridge to the host.
            for where in (["tc", "-n", name, "qdisc", "add", "dev", "eth0"], ["tc", "qdisc", "add", "dev", f"{self.bridge}-{i}"]):
                if rate:
                    run(*where, "root", "tbf", "rate", rate, "burst", burst, "latency", "50ms")
            if loopback:
                run("tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "tbf", "rate", loopback, "burst", burst, "latency", "50ms")

    @staticmethod
    def address(i):
        return f"10.88.{i // 200}.{i % 200 + 1}"

    def start(self, i, *words, **options):
        return subprocess.Popen(["ip", "netns", "exec", self.names[i], *map(str, words)], **options)

    def remove(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        subprocess.run(["ip", "link", "delete", self.bridge], capture_output=True)
