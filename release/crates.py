"""The crates of picam's programs, as Cargo resolves them for the targets of a release."""

import json
import re
import subprocess
from pathlib import Path

TARGETS = ["aarch64-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf", "x86_64-unknown-linux-gnu"]
ROOT = Path(__file__).resolve().parent.parent


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def metadata():
    """Cargo's metadata of each package for the release's targets: {(name, version): {...}}."""
    # Without these, Cargo also wants Windows' crates, which a build for the release's targets does not download.
    targets = [word for target in TARGETS for word in ("--filter-platform", target)]
    packages = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1", *targets))["packages"]
    return {(package["name"], package["version"]): package for package in packages}


def tree(edges, *options, targets=TARGETS):
    """What each package depends on, as Cargo's resolver decides for these targets: {(name, version): {...}}."""
    targets = [word for target in targets for word in ("--target", target)]
    depends, above = {}, []
    # Cargo's own metadata lists optional crates that no feature asks for; its tree does not.
    words = ["--package", "picam", "--edges", edges, "--prefix", "depth", "--no-dedupe", "--format", " {p}"]
    for line in run("cargo", "tree", "--locked", *words, *targets, *options).split("\n"):
        if not line:
            continue  # between two targets
        depth, name, version = re.match(r"(\d+) (\S+) v(\S+)", line).groups()
        package = (name, version)
        depends.setdefault(package, set())
        del above[int(depth):]
        if above:
            depends[above[-1]].add(package)
        above.append(package)
    return depends


def linked(*options, targets=TARGETS):
    """Those that are in a program: not what only build scripts and procedural macros need."""
    return tree("normal,no-proc-macro", *options, targets=targets)
