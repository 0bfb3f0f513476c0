SUMMARY = "V4L2 camera capture that accounts for every frame"
DESCRIPTION = "picam takes every frame that a V4L2 camera makes, hands it on with no copy to files, FIFOs and programs, and \
says of each whether it was delivered, lost or corrupt. It waits for a camera that is absent, survives unplugging, and \
runs as a service that starts at boot."
HOMEPAGE = "https://github.com/picam-project/picam"
BUGTRACKER = "https://github.com/picam-project/picam/issues"
SECTION = "multimedia"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "\
    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://LICENSE-MIT;md5=338776a645f82ecaf7437ce76db98e66 \
"
CVE_PRODUCT = "picam-project:picam"

# The commit and its crates are set together, by meta-picam/pin.
require picam-source.inc
SRC_URI += "\
    file://run-ptest \
    file://test-paths \
"
require picam-crates.inc

# The toolchain: meta-rust-bin's prebuilt one where that layer is, oe-core's otherwise.
PICAM_CARGO = "${@bb.utils.contains('BBFILE_COLLECTIONS', 'rust-bin-layer', 'cargo_bin_offline', 'cargo', d)}"
# nooelint: oelint.var.inherit.inherit_defer - the layers are known by now
inherit ${PICAM_CARGO} cargo-update-recipe-crates bash-completion ptest systemd update-rc.d useradd

# nooelint: oelint.task.noanonpython - a recipe can be skipped in no other way
python () {
    rust = (d.getVar('RUSTVERSION') or '').rstrip('%')
    if d.getVar('PICAM_CARGO') == 'cargo' and rust and bb.utils.vercmp_string_op(rust, '1.85', '<'):
        raise bb.parse.SkipRecipe(f"it needs Rust 1.85, and this oe-core has {rust}: add the layer meta-rust-bin")
}

# Stripping, and the split into a package with debug symbols, is the distribution's. Functions and lines are what a backtrace
# needs; with variables it would be twice as large.
export CARGO_PROFILE_RELEASE_STRIP = "none"
export CARGO_PROFILE_RELEASE_DEBUG = "1"

# What encodes JPEG: linked, so that the package depends on it. Without, picam opens it where it is installed.
PACKAGECONFIG ??= "turbojpeg"
PACKAGECONFIG[turbojpeg] = "--features link-turbojpeg,,libjpeg-turbo"

# cargo_bin has it already.
CARGO_BINDIR ?= "${B}/target/${CARGO_TARGET_SUBDIR}"

do_install() {
    install -D -m 0755 ${CARGO_BINDIR}/picam ${D}${bindir}/picam
    # A token may stand in it.
    install -D -m 0640 ${S}/dist/picam.toml ${D}${sysconfdir}/picam.toml
    chown root:picam ${D}${sysconfdir}/picam.toml
    install -D -m 0644 ${S}/dist/THIRD-PARTY-NOTICES.txt ${D}${datadir}/picam/THIRD-PARTY-NOTICES.txt
    install -D -m 0644 ${S}/dist/picam.1 ${D}${mandir}/man1/picam.1
    install -D -m 0644 ${S}/dist/picam.bash ${D}${datadir}/bash-completion/completions/picam
    install -D -m 0644 ${S}/dist/60-picam.rules ${D}${nonarch_base_libdir}/udev/rules.d/60-picam.rules
    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        install -D -m 0644 ${S}/dist/picam.service ${D}${systemd_system_unitdir}/picam.service
    fi
    if ${@bb.utils.contains('DISTRO_FEATURES', 'sysvinit', 'true', 'false', d)}; then
        install -D -m 0755 ${S}/dist/picam.init ${D}${sysconfdir}/init.d/picam
    fi
}

FILES:${PN} += "${nonarch_base_libdir}/udev/rules.d ${systemd_system_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/picam.toml"

SYSTEMD_SERVICE:${PN} = "picam.service"
INITSCRIPT_NAME = "picam"
INITSCRIPT_PARAMS = "defaults 80 20"

# As dist/picam.sysusers has it.
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --user-group --groups video --no-create-home --home-dir ${localstatedir}/lib/picam \
    --shell ${base_sbindir}/nologin --comment 'Camera capture' picam"

# The tests that need no driver, as `cargo test` runs them, on the target. They are built apart from the program, by the same
# do_compile with another idea of what `cargo build` is: quickly, and with the paths that things have on the target.
PICAM_TESTS = "${WORKDIR}/tests"
# Where run-ptest and test-paths are; scarthgap has no UNPACKDIR.
PICAM_UNPACKED = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

do_compile_ptest() {
    # By its name, as its directory would find its way into the tests.
    export PATH="${PICAM_UNPACKED}:$PATH" RUSTC_WORKSPACE_WRAPPER=test-paths
    export PICAM_PROGRAM=${bindir}/picam PICAM_REPOSITORY=${PTEST_PATH}
    cargo() {
        if [ "$1" = build ]; then
            set -- "$@" --tests --target-dir ${PICAM_TESTS} --message-format json-render-diagnostics
            for setting in opt-level=0 lto=false codegen-units=16 debug=false; do
                set -- "$@" --config "profile.release.$setting"
            done
            command cargo "$@" >${PICAM_TESTS}.json
        else
            command cargo "$@"
        fi
    }
    do_compile
}

do_install_ptest() {
    sed -n 's,.*"executable":"\([^"]*/deps/\([a-z0-9_]*\)-[0-9a-f]*\)".*,\1 \2,p' ${PICAM_TESTS}.json |
    while read -r built name; do
        # The kernel's drivers are not on every target.
        [ "$name" = drivers ] || install -D -m 0755 $built ${D}${PTEST_PATH}/$name
    done
    install -d ${D}${PTEST_PATH}/dist ${D}${PTEST_PATH}/tests
    install -m 0644 ${S}/dist/picam.* ${D}${PTEST_PATH}/dist/
    cp -r --no-preserve=ownership ${S}/tests/golden ${D}${PTEST_PATH}/tests/
}
