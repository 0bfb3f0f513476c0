# meta-rust-bin's cargo_bin as a distribution wants it: the crates are those that do_fetch brought, cargo asks the network for
# nothing (--frozen), and what is built names no directory of the build machine.
#
# SRC_URI lists the crates (crate://crates.io/NAME/VERSION), and PACKAGECONFIG's first field has words for cargo, as for oe-core's
# class cargo.

inherit cargo_bin

# The fetcher unpacks crates to cargo_home/bitbake, beside the sources; scarthgap has no UNPACKDIR.
CARGO_HOME = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}/cargo_home"

# nooelint: oelint.vars.mispell - cargo_bin's own
EXTRA_CARGO_FLAGS:append = " --frozen ${PACKAGECONFIG_CONFARGS}"
# nooelint: oelint.vars.mispell - cargo_bin's own
EXTRA_RUSTFLAGS:append = " --remap-path-prefix=${WORKDIR}=${TARGET_DBGSRC_DIR}"

cargo_bin_offline_do_configure() {
    cargo_bin_do_configure
    mkdir -p "${CARGO_HOME}/bitbake"
    printf '%s\n' '[source.crates-io]' 'replace-with = "bitbake"' \
        '[source.bitbake]' 'directory = "${CARGO_HOME}/bitbake"' >"${CARGO_HOME}/config.toml"
}

EXPORT_FUNCTIONS do_configure

# As in oe-core's own class: the crate libc calls glibc's 32-bit time functions on 32-bit machines.
# https://github.com/rust-lang/libc/issues/3223
# nooelint: oelint.vars.insaneskip - see above
INSANE_SKIP:append = " 32bit-time"
