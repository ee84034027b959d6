#!/bin/sh
# postgres.sh run COMMAND [ARGUMENT...] | start | crash | stop | remove
#
# run:    start a PostgreSQL for tests, run a command with DATABASE_URL set to it, and remove it.
# start:  start it and print its DATABASE_URL. If there is none on this Debian or Ubuntu, install it.
# crash:  kill it; `start` starts it again, with all that was committed.
# stop:   stop it in peace; `remove` also deletes what is in it.
#
# It listens on a socket and on no port, lets in whoever reaches that, and keeps nothing safe from a loss of power.
# Its folder is beside other temporary files, since the way there must be short, for a socket, and open to the user that
# it runs as: PostgreSQL refuses to run as root. The link `postgres` in DATA_DIR leads there.
set -eu

data=${DATA_DIR:-$(cd "$(dirname "$0")/.." && pwd)/var}
link=$data/postgres

say() { echo "postgres: $*" >&2; }
give_up() { echo "postgres: $*" >&2; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# PostgreSQL's user, which Debian's package has made; whoever is not root stays who they are.
as_owner() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }

# Debian keeps the programs of each version in a folder of its own, and off PATH.
programs() { ls -d /usr/lib/postgresql/*/bin/initdb 2> /dev/null | sort -V | tail -n 1 | xargs -r dirname; }

install_postgres() {
    command -v apt-get > /dev/null || give_up "no PostgreSQL here. Install it, so that initdb and pg_ctl are on PATH."
    [ "$(id -u)" = 0 ] || command -v sudo > /dev/null || give_up "no PostgreSQL here. As root, run: apt-get install postgresql"
    say "no PostgreSQL on this machine. Installing Debian's, with: apt-get install postgresql"
    as_root apt-get update -qq || say "the lists of packages could not all be refreshed; trying with what there is"
    # Not the wish of who runs tests: a service that starts with the machine. postgresql-common asks this file.
    conf=/etc/postgresql-common/createcluster.conf
    log=$data/log/postgres-install.log
    mkdir -p "$data/log"
    add() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >> "$log" 2>&1; }
    add postgresql-common && as_root sed -i.before 's/^#*create_main_cluster.*/create_main_cluster = false/' "$conf" &&
        add postgresql || failed=yes
    [ ! -f "$conf.before" ] || as_root mv "$conf.before" "$conf"
    [ -z "${failed:-}" ] || give_up "apt-get could not install it. It said last: $(tail -n 3 "$log")"
}

make_cluster() {
    folder=$(mktemp -d "${TMPDIR:-/tmp}/sarafa-postgres.XXXXXX")
    [ "$(id -u)" != 0 ] || chown postgres: "$folder"
    # `--no-locale`: letters in the order of their numbers, as SQLite has them, on any machine.
    (cd / && as_owner "$bin/initdb" --pgdata "$folder/data" --username sarafa --auth trust --encoding UTF8 --no-locale \
        --no-sync > /dev/null) || give_up "initdb could not make a cluster in $folder."
    as_owner tee -a "$folder/data/postgresql.conf" > /dev/null << END
listen_addresses = ''
unix_socket_directories = '$folder'
max_connections = 200
fsync = off
full_page_writes = off
autovacuum = off
wal_level = minimal
max_wal_senders = 0
END
    mkdir -p "$data"
    ln -sfn "$folder" "$link"
}

control() { (cd / && as_owner "$bin/pg_ctl" --pgdata "$folder/data" --silent "$@"); }

runs() { [ -d "$folder/data" ] && control status > /dev/null; }

url() { echo "postgresql://sarafa@/postgres?host=$folder"; }

start() {
    bin=$(programs)
    [ -n "$bin" ] || { install_postgres; bin=$(programs); }
    [ -d "$folder/data" ] || make_cluster
    runs || control --log "$folder/log" --wait --timeout 60 start > /dev/null ||
        give_up "it does not start. It printed last: $(tail -n 5 "$folder/log")"
    url
}

stop() { ! runs || control --wait --mode "$1" stop; }

folder=$(readlink "$link") || folder=/nowhere
bin=$(programs)
case ${1:-} in
run)
    shift
    trap '"$0" remove' EXIT
    trap 'exit 1' INT TERM
    DATABASE_URL=$("$0" start)
    export DATABASE_URL
    "$@"
    ;;
start) start ;;
crash) stop immediate ;;
stop) stop fast ;;
remove) stop immediate; rm -rf "$folder" "$link" ;;
*) give_up "what is ${1:-to be done}? I know run, start, crash, stop and remove" ;;
esac
