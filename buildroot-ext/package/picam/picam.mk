################################################################################
#
# picam
#
################################################################################

PICAM_VERSION = 0.1.0
PICAM_LICENSE = MIT or Apache-2.0
PICAM_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE dist/THIRD-PARTY-NOTICES.txt

ifeq ($(BR2_PACKAGE_PICAM_LOCAL),y)
PICAM_SITE = $(BR2_EXTERNAL_PICAM_PATH)/..
PICAM_SITE_METHOD = local
else
# With its crates in VENDOR/: Buildroot then takes it as it is, and has one hash for
# it in all its releases, which pack crates differently (and call what they pack
# picam-VERSION-cargoN.tar.gz, so that this name is not the default).
# check-package disable lib_mk.RemoveDefaultPackageSourceVariable
PICAM_SOURCE = picam-$(PICAM_VERSION).tar.gz
PICAM_SITE = https://github.com/picam-project/picam/releases/download/v$(PICAM_VERSION)
endif

# The release profile of Cargo.toml, where Buildroot has one of its own.
PICAM_CARGO_ENV = \
	CARGO_PROFILE_RELEASE_LTO="fat" \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS="1"

# Panics name source files. Buildroot leaves its own directories out of what gcc
# compiles, and not out of what rustc does. This replaces the flag that it has for
# 32-bit ARM, which is therefore repeated.
ifeq ($(BR2_REPRODUCIBLE),y)
PICAM_CARGO_ENV += \
	CARGO_TARGET_$(call UPPERCASE,$(RUSTC_TARGET_NAME))_RUSTFLAGS="$(strip \
		$(if $(filter arm,$(NORMALIZED_ARCH)),-Clink-arg=-Wl$(comma)--allow-multiple-definition) \
		--remap-path-prefix=$(BR_CARGO_HOME)=/cargo \
		--remap-path-prefix=$(PICAM_DIR)=/project)"
endif

# Of jpeg's variants only this one has the library.
ifeq ($(BR2_PACKAGE_PICAM_TURBOJPEG)$(BR2_PACKAGE_JPEG_TURBO),yy)
PICAM_DEPENDENCIES += jpeg-turbo
PICAM_CARGO_BUILD_OPTS = --features link-turbojpeg
PICAM_CARGO_INSTALL_OPTS = --features link-turbojpeg
endif

# A checkout has no crates: cargo gets them, once, into Buildroot's download
# directory. The build itself is offline either way.
PICAM_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude target
# legal-info has exclusions of its own. Without this it copies target/, where
# buildroot-ext/build has its output, with the copy in it.
picam-legal-info: RSYNC_VCS_EXCLUSIONS += --exclude /target

define PICAM_FETCH_CRATES
	if [ ! -d $(@D)/VENDOR ]; then \
		cd $(@D) && $(TARGET_MAKE_ENV) $(PKG_CARGO_ENV) cargo fetch --locked \
			--target $(RUSTC_TARGET_NAME); \
	fi
endef
PICAM_PRE_BUILD_HOOKS += PICAM_FETCH_CRATES

# The crates' licences go with the program. /usr/share/doc would be removed.
define PICAM_INSTALL_NOTICES
	$(INSTALL) -D -m 0644 $(@D)/dist/THIRD-PARTY-NOTICES.txt \
		$(TARGET_DIR)/usr/share/picam/THIRD-PARTY-NOTICES.txt
endef
PICAM_POST_INSTALL_TARGET_HOOKS += PICAM_INSTALL_NOTICES

# A kernel built here gets what a USB camera needs, built in: it is ready before
# init is.
define PICAM_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MEDIA_SUPPORT)
	$(call KCONFIG_ENABLE_OPT,CONFIG_MEDIA_CAMERA_SUPPORT)
	$(call KCONFIG_ENABLE_OPT,CONFIG_MEDIA_USB_SUPPORT)
	$(call KCONFIG_ENABLE_OPT,CONFIG_USB)
	$(call KCONFIG_ENABLE_OPT,CONFIG_USB_VIDEO_CLASS)
endef

ifeq ($(BR2_PACKAGE_PICAM_SERVICE),y)

# Numbers that stay: files of its, on a data partition, outlive the image.
define PICAM_USERS
	picam 990 picam 990 * - - video Camera capture
endef

# A token may stand in it.
define PICAM_PERMISSIONS
	/etc/picam.toml f 640 0 990 - - - - -
endef

define PICAM_INSTALL_CONFIGURATION
	$(INSTALL) -D -m 0644 $(@D)/dist/picam.toml $(TARGET_DIR)/etc/picam.toml
	$(INSTALL) -d -m 0755 $(TARGET_DIR)/var/lib
endef
PICAM_POST_INSTALL_TARGET_HOOKS += PICAM_INSTALL_CONFIGURATION

# Right after S10mdev, S10udev and S11modules: the network can wait, frames can not.
define PICAM_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(@D)/dist/picam.init $(TARGET_DIR)/etc/init.d/S11picam
endef

define PICAM_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/dist/picam.service \
		$(TARGET_DIR)/usr/lib/systemd/system/picam.service
endef

ifeq ($(BR2_PACKAGE_HAS_UDEV),y)
define PICAM_INSTALL_RULES
	$(INSTALL) -D -m 0644 $(@D)/dist/60-picam.rules \
		$(TARGET_DIR)/usr/lib/udev/rules.d/60-picam.rules
endef
PICAM_POST_INSTALL_TARGET_HOOKS += PICAM_INSTALL_RULES
endif

# mdev has one file, and takes the first line that matches.
ifeq ($(BR2_ROOTFS_DEVICE_CREATION_DYNAMIC_MDEV),y)
define PICAM_ADD_TO_MDEV_CONF
	if ! grep -q '^video\[' $(TARGET_DIR)/etc/mdev.conf; then \
		cat $(PICAM_DIR)/dist/mdev.conf.picam $(TARGET_DIR)/etc/mdev.conf \
			>$(TARGET_DIR)/etc/mdev.conf.new && \
		mv $(TARGET_DIR)/etc/mdev.conf.new $(TARGET_DIR)/etc/mdev.conf; \
	fi
endef
PICAM_TARGET_FINALIZE_HOOKS += PICAM_ADD_TO_MDEV_CONF
endif

ifeq ($(BR2_PACKAGE_PICAM_APPLIANCE),y)

define PICAM_INSTALL_APPLIANCE
	$(INSTALL) -D -m 0755 -t $(TARGET_DIR)/usr/lib/picam \
		$(@D)/dist/appliance/grow $(@D)/dist/appliance/wifi
endef
PICAM_POST_INSTALL_TARGET_HOOKS += PICAM_INSTALL_APPLIANCE

ifeq ($(BR2_INIT_SYSTEMD),y)
define PICAM_INSTALL_APPLIANCE_UNITS
	$(INSTALL) -D -m 0644 -t $(TARGET_DIR)/usr/lib/systemd/system \
		$(@D)/dist/appliance/picam-grow.service \
		$(@D)/dist/appliance/picam-wifi@.service
endef
PICAM_POST_INSTALL_TARGET_HOOKS += PICAM_INSTALL_APPLIANCE_UNITS
endif

endif # BR2_PACKAGE_PICAM_APPLIANCE

endif # BR2_PACKAGE_PICAM_SERVICE

$(eval $(cargo-package))
