# What a developer of picam does, by name. cross/, release/ and tests/ have the scripts; each has --help.

aarch64_target := aarch64-unknown-linux-gnu
armv7_target := armv7-unknown-linux-gnueabihf
TARGET ?= $(aarch64_target)
CROSS ?= cross
version = $(shell release/version)
target_dir := $(or $(CARGO_TARGET_DIR),target)
scripts = $(shell git grep -lIE '^\#!/(bin/|usr/bin/env )(ba)?sh')

help: ## this list
	@sed -nE 's/^([a-z0-9 -]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 34

test: ## the tests that need no device
	cargo test --locked

dependent: ## a crate that depends on picam builds without libclang
	tests/dependent

lint: ## format, clippy, documentation, scripts
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --features link-turbojpeg -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items
	shellcheck $(scripts)
	.ci/pipes
	release/check-flaws
	cross/check-publish

manual: ## the manual page and the shells' completions in dist/, after a change of the flags
	cargo build --locked
	$(target_dir)/debug/picam man >dist/picam.1
	for shell in bash zsh fish; do $(target_dir)/debug/picam completions $$shell >dist/picam.$$shell || exit; done

notices: ## the licences of the crates in dist/, after a change of Cargo.lock
	release/notices

RUST ?= $(shell cat release/rust-version)
rust: ## install the Rust of releases, or RUST=stable; prints how to use it, for a workflow's GITHUB_ENV
	@{ [ $(RUST) != stable ] && cargo +$(RUST) clippy --version && cargo +$(RUST) fmt --version; } >/dev/null 2>&1 || \
	  rustup toolchain install --profile minimal --component clippy --component rustfmt $(RUST) >&2
	@echo RUSTUP_TOOLCHAIN=$(RUST)

lint-workflows: ## actionlint and zizmor
	.ci/tool actionlint
	.ci/tool zizmor --quiet --offline --persona auditor .github

deny: ## licences, bans and sources of the crates; their notices
	release/notices --check
	.ci/tool cargo-deny --locked --workspace check --deny warnings licenses bans sources

advisories: ## known flaws of the crates, as RustSec tells them today
	.ci/tool cargo-deny --locked --workspace check --deny warnings advisories

flaws: ## known flaws of the images in target/dist, by Buildroot's and oe-core's tools; fails for what is not assessed
	rm -rf target/flaws
	release/scan target/flaws target/dist/picam-$(version)-*.cdx.json
	release/flaws target/flaws/*.json $(wildcard target/dist/picam-$(version)-*.cve.json)

pins: ## what this repository pins, and for how long it has
	release/pins

drivers: ## the tests on the kernel's own drivers, in PICAM_RIG's guest or QEMU
	tests/drivers/run

drivers-guest: ## the same in a QEMU guest with Debian's kernel, whatever PICAM_RIG is
	PICAM_RIG= tests/drivers/run

clients: ## curl, ffmpeg, GStreamer, OpenCV, Prometheus and a browser, all watching
	tests/clients/run

bench: ## what capturing costs, beside v4l2-ctl
	benches/capture

bench-live: ## what live pictures cost, beside ustreamer
	benches/live

bench-encode: ## what encoding a frame costs, beside ustreamer's way
	benches/encode/run

cross: ## release build for the Pi in the cross image; TARGET=armv7-unknown-linux-gnueabihf for a 32-bit system
	$(CROSS) build --release --locked --target $(TARGET)
	cross/glibc $(target_dir)/$(TARGET)/release/picam

cross-test: ## the tests as TARGET, in the cross image
	$(CROSS) test --locked --target $(TARGET)

aarch64 armv7: ## release build for the Pi without containers, by this machine's cross gcc
	cross/cargo $($@_target) build --release --locked
	cross/glibc $(target_dir)/$($@_target)/release/picam

aarch64-check: ## compile for the Pi, without linking: needs neither a container nor a cross gcc
	cross/cargo $(aarch64_target) check --locked --workspace --all-targets

aarch64-test armv7-test: ## the tests as aarch64 (armv7) through qemu-user
	cross/cargo $($(@:-test=)_target) test --locked

glibc: ## which glibc the release build needs, at most that of Debian bookworm
	cross/glibc $(target_dir)/$(TARGET)/release/picam

audit-data: ## that the release build for TARGET names its crates, for scanners
	release/check-audit $(TARGET) $(target_dir)/$(TARGET)/release/picam

reproducible: ## build twice in two directories: bit-identical
	cross/reproducible $(TARGET)

deploy: ## HOST=pi@raspberrypi: build, copy, restart the service, follow its log
	@cross/deploy "$(HOST)"

image: ## build the cross image, and check the V4L2 bindings with it
	cross/image build
	cross/image check

image-publish: ## the same and publish it, unless that is done: a new toolchain is a new name in Cross.toml
	cross/image publish

image-digest: ## name=NAME@DIGEST of the published image, for a workflow's GITHUB_OUTPUT
	@name=$$(cross/image digest) && echo "name=$$name"

package: ## tarball and Debian package of the release build for TARGET, in target/dist
	release/package $(TARGET)

package-check: ## the Debian packages there: lint, install, upgrade, purge; as root
	for package in target/dist/*.deb; do dist/check/debian $$package || exit; done

service-check: ## the service files, with cargo's release build; as root
	dist/check/unit
	dist/check/appliance
	dist/check/init $(target_dir)/release/picam

boot-test: ## QEMU guests that boot with the arm64 package's program as a service: busybox's init, and systemd
	rm -rf target/boot && dpkg-deb -x target/dist/picam_*_arm64.deb target/boot
	tests/boot/run busybox target/boot/usr/bin/picam
	tests/boot/run systemd target/dist/picam_*_arm64.deb

buildroot-check: ## lint of buildroot-ext; BUILDROOT_DIR="DIRECTORY...": with these Buildroot trees
	buildroot-ext/check

sdcard: ## BOARD=rpi4_64: the SD image, by Buildroot; an hour or two
	buildroot-ext/build $(BOARD)

IMAGE ?= target/buildroot-$(BOARD)/images/sdcard.img
sdcard-test: ## the same booted in QEMU: MACHINE=virt, raspi3b or raspi4b; another one: IMAGE=sdcard.img
	tests/boot/image $(MACHINE) $(IMAGE)

yocto: ## the Yocto layer without a build; OE_DIR=DIRECTORY also parses it and runs yocto-check-layer
	meta-picam/check

yocto-trees: ## what OE_DIR=DIRECTORY is to have: both releases, as kas/ pins them
	meta-picam/check --trees

yocto-image: ## MACHINE=rpi4-64: picam-image, by kas; hours
	meta-picam/build $(MACHINE)

source: ## the release's source with all its crates, in target/dist
	release/source

source-test: ## build and test it with nothing else
	release/source --test target/dist/picam-$(version).tar.gz

source-again: ## make it once more in a shallow clone: bit-identical
	release/source --again target/dist/picam-$(version).tar.gz

source-hash: ## that Buildroot's picam.hash is of this tarball: Buildroot refuses another one
	buildroot-ext/package/picam/hash --check target/dist/picam-$(version).tar.gz

source-pin: ## that the Yocto recipe builds the source that is checked out
	meta-picam/pin --release

sbom: ## the bill of materials (CycloneDX), in target/dist
	release/sbom
	cp release/vex.cdx.json target/dist/picam-$(version).vex.cdx.json
	for each in target/dist/picam-$(version).cdx.json release/vex.cdx.json; do .ci/tool python release/check-sbom $$each || exit; done

os-list: ## for the SD images in target/dist: the list by which Raspberry Pi Imager offers them
	release/os-list

collect: ## move what was made elsewhere to target/dist: PARTS are directories with files and their SHA256SUMS
	release/collect $(PARTS)

SUMS ?= SHA256SUMS
checksums: ## SHA256SUMS of target/dist; SUMS=NAME: in another file
	cd target/dist && rm -f $(SUMS) && sha256sum -- * >$(SUMS) && cat $(SUMS)

dist: package source sbom checksums ## what a release has for TARGET, with source, SBOM and SHA256SUMS

release-notes: ## TAG=v0.1.0: what the changelog says of it; fails where tag and source disagree
	@release/notes "$(TAG)"

release: ## TAG=v0.1.0: publish target/dist as a release
	release/publish "$(TAG)"

release-images: ## TAG=v0.1.0: add the images in target/dist to that release
	release/publish --images "$(TAG)"

packages: ## FOR="lint drivers-guest": install what these need (Debian, Ubuntu)
	.ci/install $(FOR)

.PHONY: help test dependent lint rust pins notices manual lint-workflows deny advisories flaws drivers drivers-guest clients bench bench-live bench-encode cross cross-test aarch64 armv7 \
  aarch64-test armv7-test glibc audit-data reproducible deploy image image-publish package package-check service-check \
  boot-test buildroot-check sdcard sdcard-test yocto yocto-trees yocto-image source source-test source-again source-hash source-pin sbom os-list collect checksums dist release-images image-digest aarch64-check release-notes release packages
