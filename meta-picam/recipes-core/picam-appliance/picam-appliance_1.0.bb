SUMMARY = "What makes a system with picam an appliance"
SUMMARY:picam-grow = "The data partition has all of the card"
SUMMARY:picam-wifi = "Wi-Fi by a file on the boot partition"
DESCRIPTION = "The hardware watchdog, logs in memory, no open port, DHCP over Wi-Fi, and picam.toml for the boot partition."
DESCRIPTION:picam-grow = "Grows the fourth partition, at /var/lib, to the end of its card when that is first used. For cards as \
picam-image.wks has them, with a partition table of the kind msdos."
DESCRIPTION:picam-wifi = "Keeps wlan0 on the network that wpa_supplicant.conf on the boot partition names, and tells on picam's \
status page why it is not."
HOMEPAGE = "https://github.com/picam-project/picam"
SECTION = "base"
LICENSE = "MIT"
# nooelint: oelint.var.licenseremotefile - the files are the layer's own, and picam's
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

require recipes-multimedia/picam/picam-source.inc
SRC_URI += "\
    file://journald.conf;subdir=${BP} \
    file://picam.toml;subdir=${BP} \
    file://resolved.conf;subdir=${BP} \
    file://watchdog.conf;subdir=${BP} \
    file://wlan.network;subdir=${BP} \
"

inherit deploy features_check systemd

# The boot partition is the machine's.
PACKAGE_ARCH = "${MACHINE_ARCH}"
REQUIRED_DISTRO_FEATURES = "systemd"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 ${S}/journald.conf ${D}${nonarch_libdir}/systemd/journald.conf.d/picam.conf
    install -D -m 0644 ${S}/resolved.conf ${D}${nonarch_libdir}/systemd/resolved.conf.d/picam.conf
    install -D -m 0644 ${S}/watchdog.conf ${D}${nonarch_libdir}/systemd/system.conf.d/picam.conf
    install -D -m 0644 ${S}/wlan.network ${D}${nonarch_libdir}/systemd/network/80-wlan.network
    install -D -m 0755 -t ${D}${nonarch_libdir}/picam ${S}/dist/appliance/grow ${S}/dist/appliance/wifi
    install -D -m 0644 -t ${D}${systemd_system_unitdir} ${S}/dist/appliance/picam-*.service
}

do_deploy() {
    install -m 0644 ${S}/picam.toml ${DEPLOYDIR}/
}
addtask deploy after do_unpack before do_build

PACKAGES =+ "picam-grow picam-wifi"
FILES:${PN} += "${nonarch_libdir}/systemd"
FILES:picam-grow += "${nonarch_libdir}/picam/grow ${systemd_system_unitdir}/picam-grow.service"
FILES:picam-wifi += "${nonarch_libdir}/picam/wifi ${systemd_system_unitdir}/picam-wifi@.service"
# busybox, or what is in its place.
RDEPENDS:picam-grow = "${VIRTUAL-RUNTIME_base-utils} e2fsprogs-resize2fs util-linux-resizepart"
RDEPENDS:picam-wifi = "${VIRTUAL-RUNTIME_base-utils} wpa-supplicant"

SYSTEMD_PACKAGES = "picam-grow picam-wifi"
SYSTEMD_SERVICE:picam-grow = "picam-grow.service"
SYSTEMD_SERVICE:picam-wifi = "picam-wifi@wlan0.service"
