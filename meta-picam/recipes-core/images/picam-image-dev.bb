SUMMARY = "picam-image with ssh, tools, and picam's tests"
DESCRIPTION = "For whoever works on picam or with a new camera: root can log in by ssh, with a key of AUTHORIZED_KEYS."

require picam-image.inc

IMAGE_FEATURES += "ssh-server-dropbear"
IMAGE_INSTALL += "\
    kmod \
    lsof \
    strace \
    usbutils \
    ${@bb.utils.contains('DISTRO_FEATURES', 'ptest', 'picam-ptest', '', d)} \
"

# A file of the build machine that lists the public keys, as ~/.ssh/authorized_keys does.
AUTHORIZED_KEYS ?= ""

authorize_keys() {
    if [ -n "${AUTHORIZED_KEYS}" ]; then
        install -D -m 0600 "${AUTHORIZED_KEYS}" ${IMAGE_ROOTFS}${ROOT_HOME}/.ssh/authorized_keys
        chmod 0700 ${IMAGE_ROOTFS}${ROOT_HOME}/.ssh
    fi
}
authorize_keys[doc] = "Lets the owners of the keys in AUTHORIZED_KEYS log in as root"
ROOTFS_POSTPROCESS_COMMAND += "authorize_keys"
