SUMMARY = "picam as an appliance"
DESCRIPTION = "The program, the settings of its system, and the drivers of cameras."

PACKAGE_ARCH = "${MACHINE_ARCH}"
inherit packagegroup

RDEPENDS:${PN} = "picam picam-appliance"

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
RRECOMMENDS:${PN}:append:qemuarm64 = " kernel-module-vivid"
