# What a developer of picam does, by name. cross/ has the scripts; each has --help.

aarch64_target := aarch64-unknown-linux-gnu
armv7_target := armv7-unknown-linux-gnueabihf
TARGET ?= $(aarch64_target)
CROSS ?= cross
target_dir := $(or $(CARGO_TARGET_DIR),target)
scripts = $(shell git grep -lIE '^\#!/(bin/|usr/bin/env )(ba)?sh')

help: ## this list
	@sed -nE 's/^([a-z0-9 -]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 34

test: ## the tests that need no device
	cargo test --locked

lint: ## format, clippy, documentation, shellcheck
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items
	shellcheck $(scripts)

drivers: ## the tests on the kernel's own drivers
	tests/drivers/run

bench: ## what capturing costs, beside v4l2-ctl
	benches/capture

cross: ## release build for the Pi in the cross image; TARGET=armv7-unknown-linux-gnueabihf for a 32-bit system
	$(CROSS) build --release --locked --target $(TARGET)
	cross/glibc $(target_dir)/$(TARGET)/release/picam

cross-test: ## the tests as TARGET, in the cross image
	$(CROSS) test --locked --target $(TARGET)

aarch64 armv7: ## release build for the Pi without containers, by this machine's cross gcc
	cross/cargo $($@_target) build --release --locked
	cross/glibc $(target_dir)/$($@_target)/release/picam

aarch64-test armv7-test: ## the tests as aarch64 (armv7) through qemu-user
	cross/cargo $($(@:-test=)_target) test --locked

glibc: ## which glibc the release build needs, at most that of Debian bookworm
	cross/glibc $(target_dir)/$(TARGET)/release/picam

reproducible: ## build twice in two directories: bit-identical
	cross/reproducible $(TARGET)

deploy: ## HOST=pi@raspberrypi: build, copy, restart the service, follow its log
	@cross/deploy "$(HOST)"

image: ## build the cross image, and check the V4L2 bindings with it
	cross/image build
	cross/image check

.PHONY: help test lint drivers bench cross cross-test aarch64 armv7 aarch64-test armv7-test glibc reproducible deploy image
