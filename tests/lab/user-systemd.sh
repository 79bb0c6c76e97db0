#!/bin/bash
# user-systemd.sh: a real systemd (PID 1, logind, journald, a lingering user's `systemd --user`) inside throw-away
# namespaces, on a machine whose own PID 1 may be anything. Needs root, util-linux, procps, systemd, dbus, libpam-systemd.
#
#   user-systemd.sh start            bring it up (about 1 s); prints the outer pid of its PID 1
#   user-systemd.sh exec  CMD...     run CMD inside as the user with linger (own bus, own XDG_RUNTIME_DIR)
#   user-systemd.sh root  CMD...     run CMD inside as root
#   user-systemd.sh as U  CMD...     run CMD inside as any other user (nosy exists)
#   user-systemd.sh status|log       up or not / the boot log
#   user-systemd.sh stop             orderly poweroff (at most 5 s), then SIGKILL, then remove cgroup and directories
#
# Environment: HUS_DIR    state directory                     (default $TMPDIR/hus)
#              HUS_SHOW   ':'-list of host directories to show inside at the same path: readable by every user of the
#                         inside whatever lies above them; what the inside writes there never reaches the host
#              HUS_MAX    seconds after which it is killed whatever happens (default 1800)
# Users inside: hermes (uid 6061, linger) and nosy (uid 6062, no linger, no session).
#
# What it does NOT touch: the host's files (the inside is an overlay whose upper layer is a tmpfs), hostname (uts ns),
# sysctls (/proc/sys read-only), /sys (read-only). The network is the host's, so 127.0.0.1 is shared with the caller.
# Host side it creates: $HUS_DIR, one cgroup <cgroup2 mount>/hus-<id>, one process tree. `stop` removes all.
#
# TRAP this script exists to avoid: `systemd --user` started by hand in the root cgroup migrates EVERY process of that
# cgroup - including the machine's PID 1 - into /init.scope.  So: own sub-cgroup, own cgroup namespace, and the inside
# refuses to go on if it finds itself at the real root.
set -u
HUS_DIR=${HUS_DIR:-${TMPDIR:-/tmp}/hus}; HUS_SHOW=${HUS_SHOW-}; HUS_MAX=${HUS_MAX:-1800}
USERS=(hermes:6061 nosy:6062); UID_U=6061
die() { echo "user-systemd: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root"
SELF=$(readlink -f "$0")

starttime() { sed 's/.*) //; s/^[ZX] .*//' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }   # empty for gone or zombie
alive() {   # the recorded process is still the very same process (pid + start time)
    [ -s "$HUS_DIR/init" ] || return 1
    read -r INIT STIME CG < "$HUS_DIR/init"
    [ -n "$STIME" ] && [ "$(starttime "$INIT")" = "$STIME" ]
}
enter() {   # enter USER CMD...
    local u=$1 uid h; shift
    alive || die "not running (start it first)"
    uid=$(awk -F: -v u="$u" '$1==u{print $3}' "/proc/$INIT/root/etc/passwd"); [ -n "$uid" ] || die "no user $u"
    h=$(awk -F: -v u="$u" '$1==u{print $6}' "/proc/$INIT/root/etc/passwd")
    local wd=$PWD; [ -d "/proc/$INIT/root$wd" ] || wd=/      # --wdns, not --wd: the latter leaves an outside cwd
    local rt=(-u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS)
    [ "$uid" = "$UID_U" ] && rt=(XDG_RUNTIME_DIR=/run/user/$uid DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus)
    # -u options must precede assignments for env(1); both arrays satisfy that
    exec nsenter -t "$INIT" --mount --pid --cgroup --uts --ipc --wdns="$wd" \
        setpriv --reuid "$uid" --regid "$uid" --init-groups \
        env "${rt[@]}" HOME="$h" USER="$u" LOGNAME="$u" "$@"
}

show() {    # show N DIR: lay DIR over itself inside; copying up only modes keeps a checkout made with umask 077 cheap
    local up=$HUS_DIR/t/up$1 wk=$HUS_DIR/t/wk$1 p=$2
    mkdir "$up" "$wk"; mkdir -p "$R$p"
    mount -t overlay overlay -o "lowerdir=$p,upperdir=$up,workdir=$wk,metacopy=on" "$R$p"
    if [ -n "$(find "$R$p" \( ! -perm -004 -o -type d ! -perm -005 \) ! -type l -print -quit)" ]; then chmod -R go+rX "$R$p"; fi
    while p=$(dirname "$p"); [ "$p" != / ]; do chmod go+x "$R$p"; done
}
inner() {   # runs as pid 1 of the new namespaces; becomes systemd
    set -e
    local R=$HUS_DIR/root
    mount --make-rprivate /
    mount -t tmpfs -o mode=755 tmpfs "$HUS_DIR/t"; mkdir "$HUS_DIR/t/up" "$HUS_DIR/t/wk"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$HUS_DIR/t/up,workdir=$HUS_DIR/t/wk" "$R"
    mount -t proc proc "$R/proc"
    mount --bind "$R/proc/sys" "$R/proc/sys"; mount -o remount,bind,ro "$R/proc/sys"
    mount -t sysfs -o ro sysfs "$R/sys"
    mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
    [ -e "$R/sys/fs/cgroup/cgroup.type" ] || { echo "REFUSING: this is the real root cgroup"; exit 9; }
    mount -t tmpfs -o mode=755 tmpfs "$R/dev"
    local d; for d in null zero full random urandom tty; do : > "$R/dev/$d"; mount --bind "/dev/$d" "$R/dev/$d"; done
    mkdir "$R/dev/pts" "$R/dev/shm"; mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$R/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$R/dev/shm"; ln -s pts/ptmx "$R/dev/ptmx"
    ln -s /proc/self/fd "$R/dev/fd"; for d in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${d%:*}" "$R/dev/${d#*:}"; done
    mount -t tmpfs -o mode=755 tmpfs "$R/run"; mount -t tmpfs -o mode=1777 tmpfs "$R/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$R/var/log"      # a fresh journal
    local p n=0; while read -r p; do [ -n "$p" ] && [ "$p" != / ] || continue
        n=$((n + 1)); show $n "$p"; done <<< "$(tr : '\n' <<< "$HUS_SHOW")"
    cd "$R"
    rm -f .dockerenv           # nothing inside is to think that it runs in Docker: it is a machine with systemd
    # --- a system with nothing in it but journald, logind, dbus: no fstab, no generators, no image services
    : > etc/fstab; rm -rf usr/lib/systemd/system-generators/* etc/systemd/system-generators
    rm -rf etc/systemd/system/*.wants etc/systemd/system/default.target
    local t; for t in sysinit sockets multi-user timers local-fs basic; do rm -rf usr/lib/systemd/system/$t.target.wants; done
    for t in sysinit sockets multi-user; do mkdir -p usr/lib/systemd/system/$t.target.wants; done
    for t in systemd-journald.service systemd-journal-flush.service; do ln -s ../$t usr/lib/systemd/system/sysinit.target.wants/; done
    for t in dbus.socket systemd-journald.socket systemd-journald-dev-log.socket; do ln -s ../$t usr/lib/systemd/system/sockets.target.wants/; done
    for t in systemd-logind.service systemd-user-sessions.service; do ln -s ../$t usr/lib/systemd/system/multi-user.target.wants/; done
    ln -s /usr/lib/systemd/system/multi-user.target etc/systemd/system/default.target
    for t in systemd-remount-fs.service systemd-tmpfiles-clean.timer systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service; do
        ln -sf /dev/null etc/systemd/system/$t; done
    mkdir -p etc/systemd/journald.conf.d etc/systemd/system.conf.d
    printf '[Journal]\nStorage=persistent\nSyncIntervalSec=1s\nReadKMsg=no\nAudit=no\nRateLimitIntervalSec=0\n' > etc/systemd/journald.conf.d/hus.conf
    mkdir -p var/log/journal
    printf '[Manager]\nDefaultTimeoutStopSec=8s\nDefaultTimeoutStartSec=20s\n' > etc/systemd/system.conf.d/hus.conf
    # --- users, linger
    local u i; for u in "${USERS[@]}"; do i=${u#*:}; u=${u%:*}
        sed -i "/^$u:/d" etc/passwd etc/group etc/shadow
        echo "$u:x:$i:$i::/home/$u:/bin/bash" >> etc/passwd; echo "$u:x:$i:" >> etc/group; echo "$u:*:19000:0:99999:7:::" >> etc/shadow
        rm -rf "home/$u"; mkdir -p home/$u/.config/systemd/user; chown -R $i:$i home/$u; done
    rm -rf var/lib/systemd/linger; mkdir -p var/lib/systemd/linger; : > var/lib/systemd/linger/hermes
    # the user manager: only what we ask for (images ship gpg-agent, packagekit... sockets)
    rm -rf usr/lib/systemd/user/{default,sockets,timers,graphical-session-pre,basic}.target.wants etc/systemd/user/*.wants
    mkdir -p usr/lib/systemd/user/sockets.target.wants; ln -s ../dbus.socket usr/lib/systemd/user/sockets.target.wants/
    : > etc/machine-id; head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n' > etc/machine-id; echo hus > etc/hostname
    pivot_root . .; umount -l .; cd /
    exec env -i container=hus PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /lib/systemd/systemd --system --log-level=notice --log-target=console --show-status=yes
}

start() {
    alive && { echo "$INIT"; return 0; }
    [ -n "${CG:-}" ] && [ -d "$CG" ] && cleanup "$CG"      # leavings of one that HUS_MAX ended
    local c cg top pid
    c=$(awk '$3=="cgroup2"{print $2; exit}' /proc/self/mounts); [ -n "$c" ] || die "no cgroup2 mount"
    mkdir -p "$HUS_DIR"/{root,t}; chmod 755 "$HUS_DIR"; rm -f "$HUS_DIR/init"
    cg=$c/hus-$(basename "$HUS_DIR")-$$; mkdir "$cg" || die "cannot make $cg"
    export HUS_DIR HUS_SHOW
    # timeout(1) bounds the life; --kill-child kills the ns init (and so everything) when unshare dies
    ( echo "$BASHPID" > "$cg/cgroup.procs" && exec setsid timeout -s KILL "$HUS_MAX" \
        unshare --mount --cgroup --pid --uts --ipc --fork --kill-child \
        bash "$SELF" _inner ) < /dev/null > "$HUS_DIR/log" 2>&1 &
    top=$!
    local i; for ((i = 0; i < 600; i++)); do
        if [ -z "${pid:-}" ]; then
            local un; un=$(ps -o pid= --ppid "$top" 2>/dev/null | tr -d ' '); [ -n "$un" ] && pid=$(ps -o pid= --ppid "$un" 2>/dev/null | tr -d ' ')
            [ -n "${pid:-}" ] && echo "$pid $(starttime "$pid") $cg" > "$HUS_DIR/init"
        fi
        kill -0 "$top" 2>/dev/null || { tail -5 "$HUS_DIR/log" >&2; cleanup "$cg"; die "died while starting"; }
        if [ -n "${pid:-}" ] && [ -S "/proc/$pid/root/run/user/$UID_U/systemd/private" ]; then
            case $(bash "$SELF" exec systemctl --user is-system-running 2>/dev/null) in running|degraded) echo "$pid"; return 0;; esac
        fi
        sleep 0.05
    done
    tail -5 "$HUS_DIR/log" >&2; stop; die "not ready in time"
}
cleanup() {  # cgroup path
    local i; [ -e "$1/cgroup.kill" ] && echo 1 > "$1/cgroup.kill"
    for ((i = 0; i < 50; i++)); do find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; [ -d "$1" ] || break; sleep 0.1; done
    rm -f "$HUS_DIR/init" "$HUS_DIR/init.stopping"; rmdir "$HUS_DIR/root" "$HUS_DIR/t" 2>/dev/null
    [ ! -d "$1" ] || die "cgroup $1 still there"
}
sweep() {  # Processes left by `exec`/`root`/`as` are not children of anything inside: systemd-shutdown would wait its full timeout
           # for them, its SIGSTOP makes their nsenter stop too, and an unreaped child keeps the pid namespace from ending.
    local p ns c; ns=$(readlink "/proc/$INIT/ns/pid") || ns=none
    for p in /proc/[0-9]*; do p=${p#/proc/}
        if [ "$p" != "$INIT" ] && [ "$(readlink "/proc/$p/ns/pid" 2>/dev/null)" = "$ns" ]; then
            grep -q "/${CG##*/}/" "/proc/$p/cgroup" 2>/dev/null || kill -KILL "$p" 2>/dev/null
        else
            c=$(head -zn3 "/proc/$p/cmdline" 2>/dev/null | tr '\0' ' '); [ "$c" = "nsenter -t $INIT " ] && kill -CONT "$p" 2>/dev/null
        fi
    done; true
}
stop() {
    if ! alive; then [ -n "${CG:-}" ] && [ -d "$CG" ] && cleanup "$CG"; echo "not running"; return 0; fi
    local i; mv "$HUS_DIR/init" "$HUS_DIR/init.stopping"        # no new exec from here on
    sweep; kill -s RTMIN+4 "$INIT" 2>/dev/null                # poweroff
    for ((i = 0; i < 50; i++)); do [ "$(starttime "$INIT")" = "$STIME" ] || break; [ $((i % 5)) = 4 ] && sweep; sleep 0.1; done
    # 5 s are enough for a test: what hangs is killed with its whole pid namespace
    if [ "$(starttime "$INIT")" = "$STIME" ]; then kill -KILL "$INIT" 2>/dev/null; for ((i = 0; i < 50; i++)); do [ -d "/proc/$INIT" ] || break; sweep; sleep 0.1; done; fi
    cleanup "$CG"
}
case ${1:-} in
    start) start;;
    stop) stop;;
    status) if alive; then echo "up $INIT"; else echo down; exit 3; fi;;
    log) cat "$HUS_DIR/log";;
    exec) shift; enter hermes "$@";;
    root) shift; enter root "$@";;
    as) shift; enter "$@";;
    _inner) inner;;
    *) sed -n '2,24p' "$SELF"; exit 2;;
esac
