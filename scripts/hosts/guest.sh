#!/bin/sh
# guest.sh [NAME [KERNEL ARGUMENT...]]
#
# Try sandboxes on a host unlike this one: Debian 13 with cgroup v2 and AppArmor, in a virtual machine that needs no
# support from the processor. It takes half an hour, for it is emulated. Needs root, Debian or Ubuntu, and a Docker
# Engine with the images (manage.py images). What was found is printed, and kept in var/guest/NAME.txt.
#
# The arguments are the kernel's: apparmor=0 gives a host without AppArmor.
set -eu

cd "$(dirname "$0")/../.."
name=${1:-debian-13}
[ $# = 0 ] || shift
release=trixie
keys=/usr/share/keyrings/debian-archive-keyring.gpg
packages=systemd-sysv,dbus,udev,linux-image-amd64,initramfs-tools,docker.io,iptables,apparmor,kmod,procps,iproute2,ca-certificates,python3
room=${DATA_DIR:-$PWD/var}/guest
luggage=$room/luggage
python=.venv/bin/python

say() { echo "guest: $*"; }

install_tools() {
    ! command -v qemu-system-x86_64 > /dev/null || ! command -v mmdebstrap > /dev/null || [ ! -e $keys ] || return 0
    say "installing the emulator and mmdebstrap"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        qemu-system-x86 mmdebstrap debian-archive-keyring e2fsprogs > /dev/null
}

make_disk() { # once
    [ ! -e "$room/disk.ext4" ] || return 0
    say "making a Debian $release from packages"
    rm -rf "$room/root"
    mmdebstrap --quiet --variant=minbase --keyring=$keys --include=$packages $release "$room/root" \
        "deb http://deb.debian.org/debian $release main"
    echo guest > "$room/root/etc/hostname"
    mkdir "$room/root/luggage"
    echo 'luggage /luggage 9p trans=virtio,version=9p2000.L,msize=262144 0 0' > "$room/root/etc/fstab"
    cp scripts/hosts/trial.service "$room/root/etc/systemd/system/"
    ln -s ../trial.service "$room/root/etc/systemd/system/multi-user.target.wants/trial.service"
    cp "$room/root/vmlinuz" "$room/root/initrd.img" "$room/"
    mke2fs -q -t ext4 -d "$room/root" "$room/disk.new" 8G
    rm -rf "$room/root"
    mv "$room/disk.new" "$room/disk.ext4"
}

# The project as it was last committed, the Python packages it needs there, and its images.
pack() {
    say "packing the project, its packages and its images"
    rm -rf "$luggage"
    mkdir -p "$luggage/project"
    git archive HEAD | tar -x -C "$luggage/project"
    $python -m pip --quiet --quiet install --target "$luggage/packages" --python-version 3.13 --only-binary :all: \
        --require-hashes -r requirements.lock
    $python "$luggage/project/manage.py" images
    $python "$luggage/project/scripts/hosts/trial.py" --images | tail -n 1 \
        | xargs docker save -o "$luggage/images.tar"
    docker image rm sarafa-bazaar/trial-probe > /dev/null
    echo "SANDBOX_IMAGE=${SANDBOX_IMAGE:-}" > "$luggage/settings"
}

boot() {
    say "booting; its console is in $room/$name.console"
    qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 6144 -nographic -no-reboot -net none \
        -kernel "$room/vmlinuz" -initrd "$room/initrd.img" \
        -append "root=/dev/vda rw console=ttyS0 systemd.default_timeout_start_sec=900 $*" \
        -drive file="$room/disk.ext4",format=raw,if=virtio,snapshot=on,cache=unsafe \
        -virtfs local,path="$luggage",mount_tag=luggage,security_model=none \
        > "$room/$name.console" 2>&1 < /dev/null
}

mkdir -p "$room"
install_tools
make_disk
pack
boot "$@"
mv "$luggage/result" "$room/$name.txt"
cat "$room/$name.txt"
