#!/bin/sh
# Makes sure that a Chromium is there for the browser tests: CHROMIUM, or Debian's without windows, which needs half the
# processor of the one with windows that nobody sees. Where that is not to be had, any Chromium does.
set -eu
has() { command -v "$1" > /dev/null; }
if [ -n "${CHROMIUM:-}" ] || has chromium-headless-shell; then
    exit 0
fi
if ! has apt-get; then
    has chromium && exit 0
    echo "The browser tests need Chromium: install it and set CHROMIUM to its path." >&2
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

install() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" > /dev/null; }

echo "Installing Chromium for the browser tests (apt-get install chromium-headless-shell) …"
$sudo apt-get -qq update || true
install chromium-headless-shell fonts-dejavu-core fonts-noto-core || has chromium ||
    install chromium fonts-dejavu-core fonts-noto-core
