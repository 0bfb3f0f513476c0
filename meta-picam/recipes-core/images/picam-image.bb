SUMMARY = "An appliance that captures from boot on"
DESCRIPTION = "picam starts at boot with what picam.toml on the boot partition says. Root is read-only, /var/lib (and so \
what picam records) is a partition of its own, logs are in memory; nobody can log in, and no port is open."

require picam-image.inc
