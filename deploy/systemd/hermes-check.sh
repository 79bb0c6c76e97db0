#!/bin/sh
# Runs `hermes-exporter check` and tells what it says: ~/.local/bin/hermes-check, started by hermes-check.service.
#
#   NTFY_URL    ntfy topic, https://ntfy.sh/YOUR-TOPIC. Is told when a profile changes between OK, WARNING, CRITICAL and
#               UNKNOWN, once at the start, and every 12 hours while it is critical
#   NTFY_TOKEN  its access token, if it wants one
#   PING_URL    healthchecks.io check, https://hc-ping.com/YOUR-UUID. Is told every time: OK and WARNING are a success,
#               CRITICAL a failure, UNKNOWN neither, so that it calls when that lasts. It calls too when nothing comes
#
# It fails, and tells again next time, when a message could not be sent.
set -u

state=${STATE_DIRECTORY:?is not set: start hermes-check.service}
text=$state/text
if [ -z "${NTFY_URL:-}${PING_URL:-}" ]; then
    echo "hermes-check: neither NTFY_URL nor PING_URL is set" >&2
    exit 2
fi

# send ADDRESS HEADER...: post the text. Address and token are secrets: curl gets them by a pipe, not as arguments, which
# everybody on the machine may read.
send() {
    {
        printf 'url = "%s"\n' "$1"
        shift
        for header in "$@"; do printf 'header = "%s"\n' "$header"; done
    } | curl --config - --silent --show-error --fail --max-time 20 --retry 2 --output /dev/null --data-binary "@$text"
}

said=$("${HERMES_EXPORTER:-$HOME/.local/bin/hermes-exporter}" check 2>&1)
status=$?
case $status in
    0) word=OK priority=3 ping= ;;
    1) word=WARNING priority=2 ping= ;;
    2) word=CRITICAL priority=5 ping=/fail ;;
    *) word=UNKNOWN priority=3 ping=/log ;;
esac
# what a phone needs of it: no figures for a monitoring system, and whole lines within the 4096 bytes of ntfy
printf '%s\n' "$said" | sed -e '1s/ | .*//' -e '1s/^HERMES [A-Z]* - //' |
    LC_ALL=C awk '{ size += length($0) + 1 } NR > 1 && size > 4000 { exit } { print }' > "$text"
# the profiles and how each is, without what changes from minute to minute
printf '%s\n' "$said" |
    awk -v word="$word" 'BEGIN { print word } NR > 1 && $2 ~ /^(OK|WARNING|CRITICAL|UNKNOWN)$/ { print $1, $2 }' > "$state/now"

failed=0
if [ -n "${PING_URL:-}" ]; then
    send "$PING_URL$ping" || failed=1
fi
if [ -n "${NTFY_URL:-}" ]; then
    again=
    if [ "$word" = CRITICAL ] && [ -z "$(find "$state/told" -mmin -720 2> /dev/null)" ]; then again=yes; fi
    if [ "$again" ] || ! cmp -s "$state/now" "$state/told"; then
        set -- "Title: Hermes $word on $(uname -n)" "Priority: $priority"
        if [ -n "${NTFY_TOKEN:-}" ]; then set -- "$@" "Authorization: Bearer $NTFY_TOKEN"; fi
        if send "$NTFY_URL" "$@"; then mv "$state/now" "$state/told"; else failed=1; fi
    fi
fi
exit $failed
