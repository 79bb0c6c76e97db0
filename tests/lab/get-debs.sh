#!/bin/bash
# get-debs.sh DIR SUITE PACKAGE...: fetch Debian packages of SUITE through the machine's own mirror and unpack them
# below DIR/x without installing them: no dependency, no maintainer script, no daemon, the machine's own apt untouched.
set -eu
dir=$1 suite=$2; shift 2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/get-debs.XXXXXX"); trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{sources,lists/partial,cache/archives/partial,debs} "$dir"

# The mirror that serves this machine's own release: neither a security archive nor somebody else's repository.
# --print-uris asks nobody, and knows both sources.list and *.sources, whether or not lists were ever fetched.
codename=$(. /etc/os-release; echo "${VERSION_CODENAME:-stable}")
mirror=$(apt-get update --print-uris \
    | sed -nE "s,^'(.*)/dists/($codename|stable|oldstable)/main/binary-[^/]+/Packages.*,\\1,p" | sed -n 1p)
[ -n "$mirror" ] || { echo "get-debs: apt names no Debian mirror for $codename" >&2; exit 1; }

printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
    "$mirror" "$suite" > "$scratch/sources/get-debs.sources"
apt=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$scratch/sources" -o "Dir::State::Lists=$scratch/lists"
     -o "Dir::Cache=$scratch/cache" -o APT::Sandbox::User=root -o Acquire::Retries=2 -o Acquire::Languages=none)
quietly() { timeout 300 "$@" > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }
quietly apt-get "${apt[@]}" update
cd "$scratch/debs"
quietly apt-get "${apt[@]}" download "$@"
for deb in *.deb; do dpkg -x "$deb" "$scratch/x"; done
rm -rf "$dir/x"; mv "$scratch/x" "$dir/x"; chmod 755 "$dir/x"
