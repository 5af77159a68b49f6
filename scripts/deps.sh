#!/usr/bin/env bash
# Installs the servers that the tests talk to, or says what to install.
set -euo pipefail

packages=() # Debian packages that are missing
need() { # need COMMAND PACKAGE
	command -v "$1" >/dev/null 2>&1 || PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1 || packages+=("$2")
}
need redis-server redis-server
need gcc gcc # the race detector

if [ ${#packages[@]} -eq 0 ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || { [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; }; then
	echo "The tests need: ${packages[*]} (Debian's names). Install them, then run make test again." >&2
	exit 1
fi
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
echo "Installing what the tests need: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
# Only the programs are needed: no service may start by itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
	"${sudo[@]}" chmod +x "$policy"
	trap '"${sudo[@]}" rm -f "$policy"' EXIT
fi
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
