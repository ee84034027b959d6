#!/bin/sh
# bare_machine.sh FOLDER
#
# Runs a bare Debian from files in FOLDER/root, with processes, mounts and a network of its own, which leads nowhere, until
# its stdin is closed: however the test ends that holds the other end, all is taken away. It prints the number of its init.
set -eu
folder=$1
root=$folder/root

# Not its files, which are of the test that comes next if they are not taken away: so they are looked for at the start, too.
clear_away() {
    for id in $(ls "$root/var/lib/docker/containers" 2> /dev/null); do
        find /sys/fs/cgroup -depth -type d -path "*$id*" -exec rmdir {} \; 2> /dev/null || true
    done
    rm -rf "$root"
}

# Its root is one truly, and not by chroot: who is in a chroot may make no user namespaces.
begin='
set -e
root=$1
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/run"
ip link set lo up
hostname bare
cd "$root"
pivot_root . mnt
exec chroot . sh -c "umount -l /mnt; trap : TERM; trap \"\" CHLD; exec sleep infinity"
'

clear_away
mkdir -p "$root"
tar --extract --file "$folder/bookworm.tar" --directory "$root"
unshare --net --mount --uts --ipc --pid --fork --kill-child=KILL sh -c "$begin" sh "$root" < /dev/null &
init=
until [ -n "$init" ] && [ "$(cat "/proc/$init/comm" 2> /dev/null)" = sleep ]; do
    kill -0 $! || exit 1
    sleep 0.1
    init=$(tr -d ' ' < "/proc/$!/task/$!/children")
done
echo "$init"
read -r _ || true
kill -KILL $!
wait $! || true
clear_away
