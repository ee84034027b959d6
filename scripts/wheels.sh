#!/bin/sh
# wheels.sh [VERSION...]
#
# Puts the packages of requirements.lock into var/wheels, as wheels for these versions of Python on Linux, for machines that
# can ask no package index. If no version is given, for Debian 13's, which the images of deploy/ have. Takes no time when
# they are there.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
[ -x $python ] || python=${PYTHON:-python3}
folder=var/wheels
arch=$(uname -m)
list=$folder/.list

# pip judges the conditions in the lock file by the Python that it runs on, not by the one that it is asked for. So what
# Linux never needs is left out, and the rest is fetched whatever its condition.
list_all() { awk '/^[^ #]/ { wanted = !/sys_platform == .win32./; sub(/ ; .*/, " \\") } wanted' requirements.lock > $list; }

fetch() { # VERSION: the tags are those of the systems that are old enough to be everybody's
    made=$folder/.made-$1
    echo "$(sha256sum < requirements.lock) $arch" > "$folder/.wanted"
    ! cmp -s "$folder/.wanted" "$made" || return 0
    echo "Fetching the Python packages for Python $1 into $folder …"
    $python -m pip -q --disable-pip-version-check download --require-hashes --no-deps --only-binary=:all: \
        --python-version "$1" --platform "manylinux_2_28_$arch" --platform "manylinux_2_17_$arch" \
        --platform "manylinux2014_$arch" --platform "manylinux_2_12_$arch" --platform "manylinux2010_$arch" \
        --platform "manylinux_2_5_$arch" --platform "manylinux1_$arch" -r $list -d "$folder"
    mv "$folder/.wanted" "$made"
}

mkdir -p $folder
list_all
for version in "${@:-3.13}"; do fetch "$version"; done
rm -f $folder/.wanted $list
