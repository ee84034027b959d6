#!/bin/sh
# In the guest: try a sandbox without AppArmor's profile, with it, and where the kernel restricts user namespaces as
# Ubuntu does.
set -u
. /luggage/settings
export SANDBOX_IMAGE DATA_DIR=/root/data PYTHONPATH=/luggage/packages PYTHONDONTWRITEBYTECODE=1
project=/luggage/project
restriction=/proc/sys/kernel/apparmor_restrict_unprivileged_userns

title() { echo; echo "## $*"; echo; echo "$*" >&2; }
trial() { python3 "$project/scripts/hosts/trial.py" --patience 1800 "$@" 2>&1; }

title "The host"
echo "$(. /etc/os-release; echo "$PRETTY_NAME"), kernel $(uname -r), LSMs $(cat /sys/kernel/security/lsm)"
docker load --quiet --input /luggage/images.tar
docker version --format 'Docker Engine {{.Server.Version}}'
[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || { title "AppArmor off"; trial; exit; }

title "AppArmor on, sandboxes unconfined"
SANDBOX_APPARMOR=unconfined trial
title "AppArmor on, with Docker's profile"
SANDBOX_APPARMOR=docker-default trial --only start

title "AppArmor on, our profile"
"$project/scripts/apparmor.sh"
setpriv --reuid 65534 --clear-groups ls /sys/kernel/security/apparmor/policy/profiles | grep sarafa
trial

if [ -e $restriction ]; then
    echo 1 > $restriction
    title "User namespaces restricted, sandboxes unconfined"
    SANDBOX_APPARMOR=unconfined trial --only start,remove
    title "User namespaces restricted, our profile"
    trial --only start,features,remove
fi

title "What AppArmor denied"
dmesg | sed -n 's/.*apparmor="DENIED" //p' | sed 's/ pid=[0-9]*//; s/ comm=.*requested/ requested/' | sort | uniq -c | sort -rn | head -40
