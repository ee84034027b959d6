#!/bin/sh
# base.sh FILE [RELEASE [VARIANT]]
#
# Makes Debian 13, or another release, as small as it gets, or in another of mmdebstrap's variants, from packages: a tar
# archive for `docker import`, where no registry has an image.
# Installs mmdebstrap and Debian's keys, where they are missing and that is possible.
set -eu
[ $# -ge 1 ] || { echo "usage: base.sh FILE [RELEASE [VARIANT]]" >&2; exit 2; }
release=${2:-trixie}
variant=${3:-apt}
mirror=http://deb.debian.org
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
packages="mmdebstrap debian-archive-keyring"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

has_tools() { command -v mmdebstrap > /dev/null && [ -e $keyring ]; }

install_tools() {
    if ! command -v apt-get > /dev/null || { [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; }; then
        echo "The packages $packages, with which a base image can be made, are not installed. Install them, or load an" \
            "image named debian:$release-slim." >&2
        exit 1
    fi
    echo "Installing $packages"
    as_root apt-get update -qq > /dev/null || true # with the lists that there are
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages > /dev/null || true
    has_tools || { echo "Could not install $packages. Install them by hand, then try again." >&2; exit 1; }
}

has_tools || install_tools
rm -f "$1"
exec mmdebstrap --quiet --variant=$variant --keyring=$keyring \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    $release "$1" "deb $mirror/debian $release main" "deb $mirror/debian $release-updates main" \
    "deb $mirror/debian-security $release-security main"
