#!/bin/sh
# apparmor.sh [load|check|tools|remove]
#
# load:   where the kernel has AppArmor on, load the profile of the sandboxes, now and at each start of the machine.
#         Where it is off, do nothing. A sandbox started from then on has the profile.
# check:  only translate the profile, as loading it would; needs no AppArmor in the kernel, but its tools.
# tools:  install those, where they are missing and this is Debian or Ubuntu.
# remove: unload it, and forget it.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)/sandbox/sarafa-sandbox.apparmor
installed=/etc/apparmor.d/sarafa-sandbox
loaded=/sys/kernel/security/apparmor/policy/profiles
PATH=$PATH:/usr/sbin:/sbin

say() { echo "apparmor: $*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; } # -n: ask nobody for a password

is_on() { [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ]; }

is_loaded() { ls -d "$loaded"/sarafa-sandbox.* > /dev/null 2>&1; }

# The profile, in words that this machine's AppArmor knows.
profile() {
    case $(apparmor_parser -V | sed -n 's/^AppArmor parser version //p') in
    [123].*) sed -e 's#abi/4.0#abi/3.0#' -e '/^ *userns,$/d' "$source" ;;
    *) cat "$source" ;;
    esac
}

load() {
    is_on || return 0
    if ! command -v apparmor_parser > /dev/null; then
        say "AppArmor is on, but its tools are missing. Run: apt-get install apparmor; then start the engine anew"
        return 0
    fi
    ! is_loaded || [ "$(cat "$installed" 2> /dev/null)" != "$(profile)" ] || return 0
    if profile | as_root tee "$installed" > /dev/null && as_root apparmor_parser --replace "$installed"; then
        say "loaded the profile of the sandboxes"
    else
        say "sandboxes run without their AppArmor profile. As root, run: scripts/apparmor.sh"
    fi
}

check() { profile | apparmor_parser --skip-kernel-load --skip-cache --quiet; }

tools() {
    ! command -v apparmor_parser > /dev/null || return 0
    command -v apt-get > /dev/null || { say "install AppArmor's tools: apparmor_parser is missing" >&2; exit 1; }
    say "installing AppArmor's tools (apt-get install apparmor)"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends apparmor > /dev/null
}

remove() {
    [ -e "$installed" ] || return 0
    ! is_loaded || as_root apparmor_parser --remove "$installed"
    as_root rm "$installed"
    say "removed the profile of the sandboxes"
}

case ${1:-load} in
load) load ;;
check) check ;;
tools) tools ;;
remove) remove ;;
*) echo "apparmor: what is $1? I know load, check, tools and remove" >&2; exit 64 ;;
esac
