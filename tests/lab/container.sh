#!/bin/bash
# container.sh: run a command as a container runtime would: own pid, mount, network, uts and ipc namespaces, a read-only
# root without this machine's /run, /home and /root, no capabilities. Needs root and util-linux.
#
#   container.sh USER HOME COMMAND...        USER is a uid
#
#   /opt/data    HOME, read-only             /state, /tmp    empty, writable
#   /host/proc   this machine's /proc, read-only, where HOST_PROC=1
# SHOW is a ':'-list of directories that are there read-only at the same path. VENV is there as /opt/hermes-exporter.
# Its scratch directory lies in TMPDIR, and is left there empty. JOIN is a pid whose pid namespace is shared (as docker run --pid=container:NAME does). All ends with this script.
set -eu
self=$(readlink -f "$0")
if [ "$1" != _inner ]; then
    if [ -n "${JOIN:-}" ]; then
        exec nsenter --pid --target "$JOIN" unshare --mount --net --uts --ipc --fork --kill-child bash "$self" _inner "$@"
    fi
    exec unshare --pid --mount --net --uts --ipc --fork --kill-child bash "$self" _inner "$@"
fi
shift; user=$1 home=$2; shift 2
mount --make-rprivate /
scratch=$(mktemp -d "${TMPDIR:-/tmp}/container.XXXXXX")
mount -t tmpfs -o mode=755 tmpfs "$scratch"; mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"
mkdir -p opt/data opt/hermes-exporter state host/proc
for place in run tmp state dev home root; do mount -t tmpfs -o mode=1777 tmpfs "$place"; done
for device in null zero urandom; do : > "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mount --bind "$home" opt/data; mount -o remount,bind,ro opt/data
mount --bind "$VENV" opt/hermes-exporter; mount -o remount,bind,ro opt/hermes-exporter
while read -r place; do
    [ -n "$place" ] || continue
    mkdir -p ".$place"; mount --bind "$place" ".$place"; mount -o remount,bind,ro ".$place"
done <<< "$(tr : '\n' <<< "${SHOW:-}")"
if [ -n "${HOST_PROC:-}" ]; then mount --bind /proc host/proc; mount -o remount,bind,ro host/proc; fi
mount -t proc proc proc
for place in run home root; do mount -o remount,ro "$place"; done
mount -o remount,ro .
ip link set lo up
pivot_root . .; umount -l .; cd /
exec setpriv --reuid "$user" --regid "$user" --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
