#!/bin/sh
# record.sh SUITE: record what the tap, the daemon and a registry of another Debian release say while someone works.
#
# The release's Docker Engine runs in a privileged container of the machine's own engine. The recording,
# tests/data/engines/VERSION.log, has a line for each line of a log: microseconds, its source, and the line.
set -eu
suite=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
image=sarafa-bazaar/record-$suite

if ! docker image inspect "$image" > /dev/null 2>&1; then
    mmdebstrap --variant=minbase \
        --include=docker.io,docker-registry,curl,perl-base,busybox-static,ca-certificates,iproute2,iptables \
        $(apt-cache show docker-cli > /dev/null 2>&1 && echo --include=docker-cli) "$suite" - 2> /dev/null |
        docker import - "$image" > /dev/null
fi
gcc -O2 -static -o "$folder/tap" "$(dirname "$0")/../sandbox/image/tap.c"

cat > "$folder/work" <<'WORK'
set -u
mkdir -p /log /var/lib/docker/tmp /etc/docker/registry
stamp() { exec perl -MTime::HiRes=time -ne '$|=1; printf "%d %s %s", time * 1e6, "'"$1"'", $_'; }
(REGISTRY_LOG_FORMATTER=json REGISTRY_LOG_LEVEL=info REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/tmp/registry \
    docker-registry serve /etc/docker/registry/config.yml 2>&1 || docker-registry serve 2>&1) | stamp warehouse > /log/warehouse &
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

docker run --rm --privileged --network none --tmpfs /var/lib/docker:exec --tmpfs /run --tmpfs /log \
    -v "$folder:/work" "$image" sh -c 'ip link set lo up; sh /work/work > /work/out 2>&1; cp /log/all /log/version /work/' ||
    { cat "$folder/out" >&2; exit 1; }
mkdir -p "$(dirname "$0")/../tests/data/engines"
sed 's#kernel/[^ ]*#kernel/6.12#' "$folder/all" > "$(dirname "$0")/../tests/data/engines/$(cat "$folder/version").log"
echo "$suite: Docker $(cat "$folder/version"), $(wc -l < "$folder/all") lines"
