#!/usr/bin/env python3
"""Opens hostile connections on every port of a small run on this machine, and compares the run with an undisturbed one.

    Tests/Hostile/connections.py COLONNADE DATA [--connections 20000] [--steps 2000] [--certificates DIR]

DATA is a packed data set of 32×32 images. Connections are opened only to 127.0.0.1 and to ports on which the run's own processes
listen, at most --at-once of them at a time, for at most --minutes. Kinds: silence; half a greeting, then silence; single bytes with
pauses; another protocol; a TLS hello; a greeting with no token or a wrong one, then garbage; lengths beyond all limits; floods of
bytes; random bytes; resets; and connections that are closed at once. Prints one line of JSON.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import select
import socket
import statistics
import struct
import subprocess
import tempfile
import time

options = argparse.ArgumentParser()
options.add_argument("colonnade")
options.add_argument("data")
options.add_argument("--connections", type=int, default=20000, help="to each port")
options.add_argument("--at-once", type=int, default=400)
options.add_argument("--minutes", type=float, default=10)
options.add_argument("--steps", type=int, default=2000)
options.add_argument("--certificates")
options.add_argument("--seed", type=int, default=1)
options = options.parse_args()
colonnade = os.path.abspath(options.colonnade)
draw = random.Random(options.seed)


def start(runs, name):
    security = ["--certificates", options.certificates] if options.certificates else []
    return subprocess.Popen(
        [colonnade, "train", "--preset", "cifar10", "--data", options.data, "--steps", str(options.steps), "--runs", runs, "--name", name,
         "--store", "process", "--workers", "2", "--set", "batch=16", "optimizer.learning_rate=0.001", "validation.every=0",
         "checkpoint.every=0"] + security,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def lines(path):
    try:
        return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines() if line.endswith("}")]
    except (FileNotFoundError, json.JSONDecodeError):
        return []


def steps(run):
    return [line for line in lines(f"{run}/metrics.jsonl") if line["kind"] == "step"]


def children(parent):
    found = []
    for process in subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split():
        try:
            words = pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1:
            found.append((words[1].decode(), int(process)))
    return found


def ports(process):
    sockets = set()
    for entry in os.listdir(f"/proc/{process}/fd"):
        try:
            sockets.add(os.readlink(f"/proc/{process}/fd/{entry}"))
        except OSError:
            pass
    table = [line.split() for line in pathlib.Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in table if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


def usage(process):
    """Returns a process's resident bytes without shared segments, and its number of descriptors."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return int(fields["RssAnon"].split()[0]) << 10, len(os.listdir(f"/proc/{process}/fd"))
    except (OSError, KeyError):
        return 0, 0


nonce = bytes(range(32))
plain = b"COLP\x01\x00\0\0" + nonce
token = b"COLP\x01\x01\0\0" + nonce


def frame(kind, length):
    return struct.pack("<IBBBBQIIQHHHHQIIQ", 0x4E4C4F43, 1, kind, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, length, 0, 0)


KINDS = {
    "silent": [b""],
    "half": [plain[:17]],
    "drip": [token[i:i + 1] for i in range(len(token))],
    "http": [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    "tls": [bytes.fromhex("16030100c8010000c40303") + os.urandom(190)],
    "no-token": [plain, frame(1, 100) + b"x" * 100],
    "wrong-token": [token, b"\x07" * 32 + frame(1, 100)],
    "length": [plain, frame(2, 0xFFFFFFFF)],
    "flood": [draw.randbytes(65536)] * 4,
    "garbage": [draw.randbytes(64)],
    "closed": None,
    "reset": [plain],
}


class Peer:
    def __init__(self, port, kind):
        self.kind, self.opened = kind, time.monotonic()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self.parts = list(KINDS[kind] or [])
        self.next = self.opened

    def step(self, now):
        """Sends and receives what is possible now. Returns whether the connection remains open."""
        if self.kind == "closed" and now > self.opened + 0.01:
            return False
        try:
            if self.parts and now >= self.next:
                part = self.parts[0]
                sent = self.socket.send(part) if part else 0
                self.parts[0] = part[sent:]
                if not self.parts[0]:
                    self.parts.pop(0)
                self.next = now + (0.2 if self.kind == "drip" else 0.0)
                if self.kind == "reset" and not self.parts:
                    self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return False
            if self.socket.recv(4096) == b"":
                return False
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            return False
        # The run should have closed the connection by now.
        if now > self.opened + 20:
            outlived[self.kind] += 1
            return False
        return True


outlived = collections.Counter()


def attack(targets, watched, until):
    peers, opened, peak = [], collections.Counter(), {process: (0, 0) for _, process in watched}
    wanted = [port for port in targets for _ in range(options.connections)]
    draw.shuffle(wanted)
    kinds, looked = list(KINDS), 0.0
    while (wanted or peers) and time.monotonic() < until:
        now = time.monotonic()
        for _ in range(50):
            if not wanted or len(peers) >= options.at_once:
                break
            kind = kinds[sum(opened.values()) % len(kinds)]
            peers.append(Peer(wanted.pop(), kind))
            opened[kind] += 1
        alive = []
        for peer in peers:
            if peer.step(now):
                alive.append(peer)
            else:
                peer.socket.close()
        peers = alive
        if now > looked + 0.2:
            looked = now
            for _, process in watched:
                memory, descriptors = usage(process)
                peak[process] = max(peak[process][0], memory), max(peak[process][1], descriptors)
        select.select([], [], [], 0.001)
    for peer in peers:
        peer.socket.close()
    return opened, peak


def speed(entries):
    return statistics.median(entry["images_per_second"] for entry in entries) if entries else None


with tempfile.TemporaryDirectory() as runs:
    assert start(runs, "quiet").wait() == 0, "the undisturbed run failed"
    quiet = steps(f"{runs}/quiet")
    run = f"{runs}/loud"
    process = start(runs, "loud")
    while process.poll() is None and len(steps(run)) < options.steps // 4:
        time.sleep(0.05)
    roles = children(process.pid)
    targets = [port for _, child in roles for port in ports(child)]
    before = {child: usage(child) for _, child in roles}
    first = len(steps(run))
    moment = time.monotonic()
    opened, peak = attack(targets, roles, moment + 60 * options.minutes)
    seconds = time.monotonic() - moment
    last = len(steps(run))
    time.sleep(1)
    after = {child: usage(child) for _, child in roles}
    still = process.poll() is None
    code = process.wait()
    loud = steps(run)
    events = lines(f"{run}/events.jsonl")
    print(json.dumps({
        "connections": sum(opened.values()), "ports": len(targets), "kinds": dict(opened), "seconds": round(seconds, 1),
        "outlived": dict(outlived), "exit": code, "still_training_after": still,
        "same_digests": [e["digest"] for e in loud] == [e["digest"] for e in quiet], "steps": len(loud),
        "images_per_second": {
            "quiet": speed(quiet), "before": speed(loud[10:first]), "during": speed(loud[first:last]), "after": speed(loud[last + 5:])},
        "refusals_written": sum(event["kind"] == "refused" for event in events),
        "event_bytes": os.path.getsize(f"{run}/events.jsonl"),
        "log_bytes": sum(entry.stat().st_size for entry in pathlib.Path(run, "logs").iterdir()),
        "processes": [
            {"role": role, "mebibytes": {"before": before[child][0] >> 20, "peak": peak[child][0] >> 20, "after": after[child][0] >> 20},
             "descriptors": {"before": before[child][1], "peak": peak[child][1], "after": after[child][1]}}
            for role, child in roles]}))
