"""A guest in QEMU, from outside: its console is logged, its root shell obeys.

The shell is the one that guest/init leaves on the machine's second serial port, whatever is booted.
"""

import os
import select
import subprocess
import time


class Failure(Exception):
    """What was asserted of the guest does not hold, yet."""


class Lost(Failure):
    """The guest is gone, or does not answer: nothing more can be asked of it."""


class Guest:
    """The machine that the command line `qemu` boots. Its disk stays from boot to boot."""

    def __init__(self, qemu, console):
        self.qemu = qemu + [
            *("-chardev", f"file,id=console,path={console},append=on", "-serial", "chardev:console"),
            *("-chardev", "stdio,id=shell,signal=off", "-serial", "chardev:shell"),
        ]
        self.console = console
        self.process = None
        self.received = b""
        self.commands = 0

    def boot(self):
        """Starts it, and waits for the shell: from then on the init system is at work."""
        with open(self.console, "ab") as errors:
            self.process = subprocess.Popen(
                self.qemu, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0
            )
        self.received = b""
        self._read_until(b"shell is there\n", 180, "the kernel with its root file system")

    def power_off(self):
        """Hard, as by pulling the plug."""
        if self.process:
            self.process.kill()
            self.process.communicate()

    def reboot(self, command="reboot"):
        """Orderly, by the guest's own `command`."""
        self._send(f"{command}\n")
        try:
            self.process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            raise Lost("the guest did not end within 180 s of: " + command) from None
        self.boot()

    def run(self, command, timeout=60):
        """Runs a command in the guest: its exit status, and what it wrote."""
        self.commands += 1
        mark = f"<{self.commands} ended with"
        self._send(f"(\n{command}\n) </dev/null 2>&1; echo '{mark}' $?\n")
        output = self._read_until(mark.encode() + b" ", timeout, f"the end of: {command}")
        status = self._read_until(b"\n", timeout, "its status")
        return int(status), output.decode(errors="replace").rstrip("\n")

    def tell(self, command, timeout=60):
        """What the command wrote, which has to succeed."""
        status, output = self.run(command, timeout)
        if status != 0:
            raise Failure(f"this succeeds: {command}\nhave: status {status}: {output}")
        return output

    def _send(self, text):
        try:
            self.process.stdin.write(text.encode())
        except (BrokenPipeError, ValueError):
            raise Lost(f"the guest has ended, before: {text}") from None

    def _read_until(self, end, timeout, awaited):
        deadline = time.monotonic() + timeout
        while end not in self.received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Lost(f"{timeout} s were not enough for {awaited}\nthere is only: {self.received!r}")
            some = os.read(self.process.stdout.fileno(), 65536)
            if not some:
                raise Lost(f"the guest ended before {awaited}")
            self.received += some
        before, self.received = self.received.split(end, 1)
        return before
