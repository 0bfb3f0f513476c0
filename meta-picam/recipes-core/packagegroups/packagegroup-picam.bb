SUMMARY = "picam as an appliance"
DESCRIPTION = "The program, the settings of its system, and the drivers of cameras."

PACKAGE_ARCH = "${MACHINE_ARCH}"
inherit packagegroup features_check

REQUIRED_DISTRO_FEATURES = "systemd"

RDEPENDS:${PN} = "picam picam-appliance picam-grow ${@bb.utils.contains('COMBINED_FEATURES', 'wifi', 'picam-wifi', '', d)}"

# A kernel may have them built in, or lack those of other machines.
RRECOMMENDS:${PN} = "kernel-module-uvcvideo"
# nooelint: oelint.vars.specific - meta-raspberrypi names its machines so
RRECOMMENDS:${PN}:append:rpi = "\
    kernel-module-bcm2835-v4l2 \
    kernel-module-bcm2835-unicam \
    kernel-module-imx219 \
    kernel-module-imx477 \
    kernel-module-imx708 \
    kernel-module-ov5647 \
"
RRECOMMENDS:${PN}:append:qemuarm64 = " \
    kernel-module-vivid \
    kernel-module-mac80211-hwsim \
    kernel-module-ccm \
    kernel-module-ctr \
    kernel-module-aes-generic \
"

# Wi-Fi: which channels are allowed where, and drivers and firmware. Of firmware the machine knows the names; meta-raspberrypi
# recommends it by a variable that only larger images heed.
# nooelint: oelint.vars.mispell.unknown - this recipe's own
PICAM_WIFI = "\
    wireless-regdb-static \
    kernel-module-brcmfmac \
    kernel-module-brcmfmac-cyw \
    kernel-module-brcmfmac-wcc \
    ${@' '.join(each for each in (d.getVar('MACHINE_EXTRA_RRECOMMENDS') or '').split() if each.startswith('linux-firmware'))} \
"
RRECOMMENDS:${PN} += "${@bb.utils.contains('COMBINED_FEATURES', 'wifi', '${PICAM_WIFI}', '', d)}"
