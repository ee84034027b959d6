#!/bin/sh
# engine.sh [start|stop]
#
# start: see to it that a Docker Engine answers. If none does, and this is Debian or Ubuntu, install one where that is
#        needed, and start it. Elsewhere, say how to get one. Where AppArmor is on, load the profile of the sandboxes.
# stop:  stop the engine that `start` started without an init system; leave alone any other.
set -eu

data=${DATA_DIR:-$(cd "$(dirname "$0")/.." && pwd)/var}
pid_file=$data/dockerd.pid
log=$data/log/dockerd.log
address=${DOCKER_HOST:-unix:///var/run/docker.sock}

say() { echo "engine: $*"; }
give_up() { echo "engine: $*" >&2; exit 1; }

# 0: an engine answers. 1: nothing does. 2: something does, but not to this user.
answers() {
    python3 - "$address" << 'EOF'
import socket, sys
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
try:
    if url.scheme == "unix":
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(5)
        link.connect(url.path)
        link.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        sys.exit(0 if b" 200 " in link.recv(4096) else 1)
    elif url.scheme == "tcp":  # encrypted or not, somebody listens
        socket.create_connection((url.hostname, url.port or 2375), 5)
except PermissionError:
    sys.exit(2)
except OSError:
    sys.exit(1)
EOF
}

is_running() { # does the process whose id is in file $2 run program $1?
    [ -s "$2" ] && [ "$(cat "/proc/$(cat "$2")/comm" 2> /dev/null)" = "$1" ]
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

may_be_root() { [ "$(id -u)" = 0 ] || command -v sudo > /dev/null; }

is_debian() { (. /etc/os-release && case " $ID ${ID_LIKE:-} " in *" debian "*) ;; *) exit 1 ;; esac) 2> /dev/null; }

has_systemd() { [ -d /run/systemd/system ]; }

install_engine() {
    is_debian || give_up "no Docker Engine here. Get one as https://docs.docker.com/engine/install/ says, then try again."
    may_be_root || give_up "no Docker Engine here. As root, run: apt-get install docker.io"
    say "no Docker Engine on this machine. Installing Debian's, with: apt-get install docker.io iptables apparmor"
    as_root apt-get update -qq || say "the lists of packages could not all be refreshed; trying with what there is"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io iptables apparmor \
        > "$log" 2>&1 || give_up "apt-get could not install it. It said last: $(tail -n 3 "$log")"
}

# An engine that was killed leaves files behind. Where another process has its number by now, they would stop a new one.
clear_traces() {
    is_running dockerd /run/docker.pid || as_root rm -f /run/docker.pid
    is_running containerd /run/docker/containerd/containerd.pid || as_root rm -f /run/docker/containerd/containerd.pid
}

start_with_systemd() {
    say "starting Docker with systemd"
    as_root systemctl start docker || give_up "systemd could not start it. See: journalctl -u docker"
}

start_alone() {
    may_be_root || give_up "Docker is installed, but does not run, and only root can start it."
    say "starting dockerd; its log is $log"
    mountpoint -q /sys/fs/cgroup || as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup
    clear_traces
    # Whoever starts it here may use it, without being made a member of group docker, which takes a new session.
    as_root setsid sh -c 'echo $$ > "$1"; exec dockerd --group "$2" >> "$3" 2>&1 < /dev/null' \
        sh "$pid_file" "$(id -gn)" "$log" > /dev/null 2>&1 &
}

await() {
    tries=0
    until answers; do
        tries=$((tries + 1))
        if [ $tries = 300 ] || { [ $tries -gt 20 ] && ! has_systemd && ! is_running dockerd "$pid_file"; }; then
            give_up "Docker does not start. It printed last: $(tail -n 5 "$log" 2> /dev/null)"
        fi
        sleep 0.1
    done
}

start() {
    code=0
    answers || code=$?
    [ $code != 0 ] || return 0
    [ $code != 2 ] || give_up "$(id -un) may not use Docker. Run: sudo usermod -aG docker $(id -un); then sign in again."
    case $address in
    unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
    *) give_up "nothing answers at $address, which DOCKER_HOST names." ;;
    esac
    mkdir -p "$data/log"
    command -v dockerd > /dev/null || [ -x /usr/sbin/dockerd ] || install_engine
    PATH=$PATH:/usr/sbin:/sbin
    answers || if has_systemd; then start_with_systemd; else start_alone; fi
    await
    say "Docker answers"
}

stop() {
    is_running dockerd "$pid_file" || return 0
    say "stopping dockerd"
    as_root kill "$(cat "$pid_file")"
    while is_running dockerd "$pid_file"; do sleep 0.1; done
    rm -f "$pid_file"
}

case ${1:-start} in
start) start; "$(dirname "$0")/apparmor.sh" load ;;
stop) stop ;;
*) give_up "what is $1? I know start and stop" ;;
esac
