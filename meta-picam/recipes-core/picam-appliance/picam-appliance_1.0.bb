SUMMARY = "What makes a system with picam an appliance"
DESCRIPTION = "The hardware watchdog, logs in memory, no open port, and picam.toml for the boot partition."
HOMEPAGE = "https://github.com/picam-project/picam"
SECTION = "base"
LICENSE = "MIT"
# nooelint: oelint.var.licenseremotefile - the files are the layer's own
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "\
    file://journald.conf;subdir=${BP} \
    file://picam.toml;subdir=${BP} \
    file://resolved.conf;subdir=${BP} \
    file://watchdog.conf;subdir=${BP} \
"

inherit deploy features_check

# The boot partition is the machine's.
PACKAGE_ARCH = "${MACHINE_ARCH}"
REQUIRED_DISTRO_FEATURES = "systemd"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 ${S}/journald.conf ${D}${nonarch_libdir}/systemd/journald.conf.d/picam.conf
    install -D -m 0644 ${S}/resolved.conf ${D}${nonarch_libdir}/systemd/resolved.conf.d/picam.conf
    install -D -m 0644 ${S}/watchdog.conf ${D}${nonarch_libdir}/systemd/system.conf.d/picam.conf
}

do_deploy() {
    install -m 0644 ${S}/picam.toml ${DEPLOYDIR}/
}
addtask deploy after do_unpack before do_build

FILES:${PN} += "${nonarch_libdir}/systemd"
