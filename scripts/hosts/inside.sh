#!/bin/sh
# In the guest: try sandboxes with our AppArmor profile, with others, without, and where user namespaces are restricted.
set -u
. /luggage/settings
export SANDBOX_IMAGE DATA_DIR=/root/data PYTHONPATH=/luggage/packages PYTHONDONTWRITEBYTECODE=1
project=/luggage/project
restriction=/proc/sys/kernel/apparmor_restrict_unprivileged_userns

title() { echo; echo "## $*"; echo; echo "$*" >&2; }
trial() { python3 "$project/scripts/hosts/trial.py" --patience 7200 "$@" 2>&1; }

title "The host"
echo "$(. /etc/os-release; echo "$PRETTY_NAME"), kernel $(uname -r), LSMs $(cat /sys/kernel/security/lsm)"
docker load --quiet --input /luggage/images.tar
docker version --format 'Docker Engine {{.Server.Version}}'
[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || { title "AppArmor off"; trial; exit; }

title "AppArmor on, our profile"
"$project/scripts/apparmor.sh" load
trial

title "AppArmor on, our profile without its line about user namespaces"
sed '/^ *userns,$/d' /etc/apparmor.d/sarafa-sandbox | apparmor_parser --replace
trial --only start
apparmor_parser --replace /etc/apparmor.d/sarafa-sandbox

title "AppArmor on, Docker's profile"
SANDBOX_APPARMOR=docker-default trial --only start

title "AppArmor on, sandboxes unconfined"
SANDBOX_APPARMOR=unconfined trial

title "User namespaces restricted as on Ubuntu"
if [ -e $restriction ]; then
    echo 1 > $restriction
    SANDBOX_APPARMOR=unconfined trial --only start
    trial --only start,features
else
    echo "This kernel knows no such restriction."
fi

title "What AppArmor denied"
dmesg | sed -n 's/.*apparmor="DENIED" //p' | sed 's/ pid=[0-9]*//; s/ comm=.*requested/ requested/' | sort | uniq -c | sort -rn | head -40
