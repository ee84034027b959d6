#!/bin/sh
# record.sh SUITE: record what the tap, the daemon and a registry of another Debian release say while someone works.
#
# The release's Docker Engine runs in a root folder and namespaces of its own; it needs root and mmdebstrap. The recording,
# tests/data/engines/VERSION.log, has a line for each line of a log: microseconds, its source, and the line.
set -eu
suite=$1
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root

cli=docker-cli
[ "$suite" != bookworm ] || cli=docker.io # there it is one package
mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="docker.io,$cli,docker-registry,curl,perl,busybox-static,ca-certificates,iproute2,iptables" \
    "$suite" "$root" "deb [trusted=yes] http://deb.debian.org/debian $suite main"
mkdir "$root/work"
gcc -O2 -static -o "$root/work/tap" "$here/sandbox/image/tap.c"

cat > "$root/work/work" <<'WORK'
set -u
mkdir -p /log
stamp() { exec perl -MTime::HiRes=time -ne '$|=1; printf "%d %s %s", time * 1e6, "'"$1"'", $_'; }
printf '%s\n' 'version: 0.1' 'log: {level: info, formatter: json}' 'http: {addr: 127.0.0.1:5000}' \
    'storage: {filesystem: {rootdirectory: /tmp/registry}}' > /work/registry.yml
docker-registry serve /work/registry.yml 2>&1 | stamp warehouse > /log/warehouse &
dockerd --debug --host unix:///run/dockerd.sock --insecure-registry 127.0.0.1:5000 2>&1 | stamp daemon > /log/daemon &
/work/tap /run/docker.sock /run/dockerd.sock 0 2>&1 | stamp daemon > /log/tap &
until [ -S /run/docker.sock ]; do sleep 0.1; done
mkdir -p /tmp/image/bin && cp /bin/busybox /tmp/image/bin/ && for name in sh echo sleep ls; do ln -s busybox /tmp/image/bin/$name; done
tar -C /tmp/image -c . | docker import -c 'CMD ["echo", "poha"]' - 127.0.0.1:5000/sarafa/poha > /dev/null
docker push -q 127.0.0.1:5000/sarafa/poha > /dev/null
docker rmi 127.0.0.1:5000/sarafa/poha > /dev/null
sleep 1
for log in tap daemon warehouse; do : > /log/$log.begun; wc -c < /log/$log > /log/$log.begun; done
docker run --rm 127.0.0.1:5000/sarafa/poha
docker run --rm 127.0.0.1:5000/sarafa/poha
docker run -d --name kitchen -e PASSWORD=hunter2-secret 127.0.0.1:5000/sarafa/poha sleep 60
docker exec kitchen ls /
docker run --name kitchen 127.0.0.1:5000/sarafa/poha
docker ps -a
docker pause kitchen; docker unpause kitchen
docker volume create vol; docker network create lane; docker network rm lane; docker volume rm vol
docker rm -f kitchen
docker tag 127.0.0.1:5000/sarafa/poha 127.0.0.1:5000/alice/poha
docker push 127.0.0.1:5000/alice/poha
docker rmi -f 127.0.0.1:5000/alice/poha 127.0.0.1:5000/sarafa/poha
docker pull 127.0.0.1:5000/alice/poha
curl -s --unix-socket /run/docker.sock http://localhost/version
sleep 1
for log in tap daemon warehouse; do tail -c +$(($(cat /log/$log.begun) + 1)) /log/$log; done | sort -sn > /log/all
dockerd --version | sed 's/.*version \([0-9.]*\).*/\1/' > /log/version
WORK

unshare --mount --net --pid --ipc --uts --fork --kill-child sh -euc '
    root=$1
    mount --make-rprivate /; mount --bind "$root" "$root"
    mount --rbind /dev "$root/dev"; mount -t proc proc "$root/proc"; mount --rbind /sys "$root/sys"
    mount -t tmpfs run "$root/run"; mkdir -p "$root/var/lib/docker"; mount -t tmpfs data "$root/var/lib/docker"
    ip link set lo up
    exec chroot "$root" sh /work/work' record "$root" > "$folder/out" 2>&1 || { cat "$folder/out" >&2; exit 1; }
version=$(cat "$root/log/version")
mkdir -p "$here/tests/data/engines"
sed 's#kernel/[^ ]*#kernel/6.12#' "$root/log/all" > "$here/tests/data/engines/$version.log"
[ -s "$root/log/all" ] || { cat "$root"/log/* "$folder/out" >&2; exit 1; }
echo "$suite: Docker $version, $(wc -l < "$root/log/all") lines"
