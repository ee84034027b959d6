#!/bin/sh
# Makes sure that faketime is there: a test sets a worker's clock with it.
set -eu
if command -v faketime >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "The tests of the clock need libfaketime: install the package that has the command faketime." >&2
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "Installing faketime for the tests of the clock (apt-get install faketime) …"
$sudo apt-get -qq update
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends faketime >/dev/null
