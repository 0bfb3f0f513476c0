#
# SPDX-License-Identifier: MIT
#
"""picam as the service of an image, with the kernel's virtual camera: the facts that tests/boot/check has of other guests.

Of frames the kernel is asked, not picam: which process has the video node open, and which buffers it dequeued.
"""

import time

from oeqa.core.decorator.data import skipIfNotFeature
from oeqa.core.decorator.depends import OETestDepends
from oeqa.runtime.case import OERuntimeTestCase
from oeqa.runtime.decorator.package import OEHasPackage

OVERRIDE = "/boot/picam.toml"
TRACE = "/sys/kernel/tracing"


class PicamTest(OERuntimeTestCase):

    def tell(self, command):
        """What the command wrote, which has to succeed."""
        status, output = self.target.run(command)
        self.assertEqual(status, 0, f"{command}: {output}")
        return output

    def pid(self):
        return self.tell("systemctl show --property MainPID --value picam").strip()

    def capturing(self, besides=None):
        """Waits until a picam other than that one has a video node open and dequeues frames; returns its process's id."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            pid = self.pid()
            if pid not in ("0", besides) and self.target.run(f"ls -l /proc/{pid}/fd | grep /dev/video")[0] == 0:
                if self.dequeued(pid) >= 10:
                    return pid
            time.sleep(1)
        self.fail("picam does not capture: " + self.target.run("journalctl --boot --unit picam --lines 50")[1])

    def dequeued(self, pid):
        """Frames that this process got from the driver in two seconds."""
        event = f"{TRACE}/events/v4l2/v4l2_dqbuf"
        return int(self.tell(
            f"echo 'common_pid == {pid}' >{event}/filter; echo >{TRACE}/trace; echo 1 >{event}/enable; sleep 2; "
            f"echo 0 >{event}/enable; grep -c 'v4l2_dqbuf: ' {TRACE}/trace || true"
        ))

    @skipIfNotFeature("systemd", "Test requires systemd to be in DISTRO_FEATURES")
    @OEHasPackage(["picam"])
    @OETestDepends(["ssh.SSHTest.test_ssh"])
    def test_captures(self):
        """booted, it captures: as user picam, without capabilities"""
        status = self.tell(f"cat /proc/{self.capturing()}/status")
        user = self.tell("id -u picam").strip()
        self.assertIn(f"Uid:\t{user}\t{user}\t{user}\t{user}\n", status)
        self.assertIn("CapEff:\t0000000000000000\n", status)

    @OETestDepends(["picam.PicamTest.test_captures"])
    def test_killed(self):
        """kill -9: it comes back"""
        pid = self.capturing()
        self.tell(f"kill -9 {pid}")
        self.capturing(besides=pid)

    @OETestDepends(["picam.PicamTest.test_captures"])
    def test_stalled(self):
        """kill -STOP: the watchdog kills it, and it comes back"""
        pid = self.capturing()
        self.tell(f"kill -STOP {pid}")
        self.capturing(besides=pid)

    @OETestDepends(["picam.PicamTest.test_captures"])
    def test_boot_partition(self):
        """the boot partition's picam.toml is heeded; one with a mistake is told, and the last good one is used"""
        self.tell(f"mount -o remount,rw /boot && cp {OVERRIDE} /run/ && echo 'buffers = 5' >>{OVERRIDE}")
        try:
            for mistake in "", "colour = 1":
                self.tell(f"echo '{mistake}' >>{OVERRIDE}; systemctl restart picam")
                self.capturing()
                log = self.tell("journalctl --boot --quiet --output cat _SYSTEMD_INVOCATION_ID="
                                "$(systemctl show --property InvocationID --value picam)")
                self.assertIn("5 buffers", log)
            self.assertIn(f"{OVERRIDE}:", log)
        finally:
            self.tell(f"cp /run/picam.toml {OVERRIDE}; mount -o remount,ro /boot; systemctl restart picam")

    @OETestDepends(["picam.PicamTest.test_captures"])
    def test_root_is_read_only(self):
        """nothing can be written but the data partition, and that is what picam writes to"""
        self.assertNotEqual(self.target.run("touch /etc/here")[0], 0)
        self.tell("grep -q ' / ext4 ro,' /proc/mounts && grep -q ' /var/lib ext4 rw,' /proc/mounts")
        self.tell(f"test $(stat -c %U /var/lib/picam) = picam && test $(readlink /proc/{self.pid()}/cwd) = /var/lib/picam")
