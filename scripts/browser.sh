#!/bin/sh
# Makes sure that a Chromium is there for the browser tests: CHROMIUM, or Debian's.
set -eu
if [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "The browser tests need Chromium: install it and set CHROMIUM to its path." >&2
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "Installing Chromium for the browser tests (apt-get install chromium) …"
$sudo apt-get -qq update
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core fonts-noto-core >/dev/null
