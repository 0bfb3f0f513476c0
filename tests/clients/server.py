"""A picam that serves, on a port of its own, and what it says of itself."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

MACHINES = Path(__file__).resolve().parent.parent / "golden" / "sys"


class Failure(Exception):
    """What was asserted does not hold."""


def require(holds, message):
    if not holds:
        raise Failure(message)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """picam with `arguments`, from entering to leaving. With `machine`, one of tests/golden/sys, that is its /sys.
    `query` is what a request has to have, if anything."""

    def __init__(self, program, *arguments, machine=None, port=None, query=""):
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.command = [program, "--quiet", "--http", f"127.0.0.1:{self.port}", *arguments]
        self.machine = machine
        self.query = query
        self.cleanup = contextlib.ExitStack()

    def __enter__(self):
        log = self.log = self.cleanup.enter_context(tempfile.TemporaryFile())
        command = self.command
        if self.machine:
            tree = self.cleanup.enter_context(tempfile.TemporaryDirectory())
            for line in (MACHINES / self.machine).read_text().splitlines():
                path, content = line.split(" ", 1)
                Path(tree, path).parent.mkdir(parents=True, exist_ok=True)
                Path(tree, path).write_text(content + "\n")
            as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
            script = 'mount --bind "$0" /sys && exec "$@"'
            command = ["unshare", *as_root, "--mount", "sh", "-c", script, tree, *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.cleanup.callback(self.stop)
        try:
            self.wait(lambda: self.get("/healthz")[0] == 200, "serve")
        except Failure:
            self.cleanup.close()
            raise
        return self

    def __exit__(self, *_):
        self.cleanup.close()

    def stop(self):
        """Ends it, as a service manager does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def get(self, path, **headers):
        """Status code, headers and body of an answer; code 0 where there is none."""
        request = urllib.request.Request(self.address + path + self.query, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
        except OSError:
            return 0, {}, b""

    def status(self):
        code, _, body = self.get("/status.json")
        require(code == 200, f"/status.json answers with {code}")
        return json.loads(body)

    def wait(self, condition, what, seconds=60):
        """Until `condition` holds; a Failure where it does not in time, or picam ends."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise Failure(f"picam ended instead of going on to {what}:\n{self.said()}")
            if time.monotonic() > deadline:
                raise Failure(f"picam did not {what} within {seconds} s:\n{self.said()}")
            time.sleep(0.1)
