#!/bin/sh
# ns.sh TREE COMMAND...: run COMMAND with TREE/usr/share laid over /usr/share in a mount namespace of its own.
# Debian's alertmanager reads its templates from /usr/share/prometheus, which an unpacked package does not have.
tree=$1; shift
exec unshare --mount --propagation private sh -c \
    'mount -t overlay overlay -o "lowerdir=$0/usr/share:/usr/share" /usr/share && exec "$@"' "$tree" "$@"
