"""A disk image as the card it is written to: a copy that is larger, whose partitions can be looked into."""

import bz2
import hashlib
import lzma
import os
import shutil
import struct
import subprocess
import tempfile


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Card:
    """Its partitions: 1 boot, 2 and 3 the root slots, 4 data."""

    def __init__(self, image, directory):
        self.path = directory / "card"
        unpack = {".bz2": bz2.open, ".xz": lzma.open}.get(image.suffix)
        if unpack:
            with unpack(image) as packed, open(self.path, "wb") as card:
                shutil.copyfileobj(packed, card, 1 << 20)
        else:
            run("cp", "--sparse=always", image, self.path)
        size = 1 << 30
        while size < os.path.getsize(self.path) * 2:
            size *= 2
        os.truncate(self.path, size)

    def partition(self, number):
        """Where it begins, and how long it is."""
        with open(self.path, "rb") as card:
            entry = card.read(512)[446 + 16 * (number - 1):][:16]
        start, sectors = struct.unpack("<II", entry[8:])
        return start * 512, sectors * 512

    def boot_file(self, name):
        return run("mtype", "-i", f"{self.path}@@{self.partition(1)[0]}", f"::{name}")

    def take(self, name, destination):
        run("mcopy", "-n", "-o", "-i", f"{self.path}@@{self.partition(1)[0]}", f"::{name}", destination)

    def put(self, name, text):
        """Makes a file on the boot partition, as a PC would."""
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            run("mcopy", "-o", "-i", f"{self.path}@@{self.partition(1)[0]}", file.name, f"::{name}")

    def remove(self, name):
        run("mdel", "-i", f"{self.path}@@{self.partition(1)[0]}", f"::{name}")

    def root(self):
        """A sum of the root slots, in which no bit may ever change."""
        start, _ = self.partition(2)
        end = sum(self.partition(3))
        sum_ = hashlib.sha256()
        with open(self.path, "rb") as card:
            card.seek(start)
            while start < end and (some := card.read(min(1 << 20, end - start))):
                sum_.update(some)
                start += len(some)
        return sum_.hexdigest()

    def copy_of(self, number, destination):
        start, size = self.partition(number)
        block = 1 << 20
        run("dd", f"if={self.path}", f"of={destination}", f"bs={block}", f"skip={start // block}",
            f"count={size // block}", "conv=sparse")
        return destination

    def write(self, position, new):
        """Writes over what is there: what it was."""
        with open(self.path, "r+b") as card:
            card.seek(position)
            old = card.read(len(new))
            card.seek(position)
            card.write(new)
        return old
