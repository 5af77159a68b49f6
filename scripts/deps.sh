#!/usr/bin/env bash
# Installs what the tests talk to, or says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=() # Debian packages that are missing
need() { # need COMMAND PACKAGE
	PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || packages+=("$2")
}
need gcc gcc                   # the race detector
need redis-server redis-server # queue, ledger, rates
need postfix postfix           # a real mail server
need node nodejs               # the description of Twilio's API, served by Prism
need npm npm
need curl curl                 # the examples of the API
need python3 python3
need chromium chromium         # the pages, in a real browser
need spamassassin spamassassin # the judgement of mails
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql # the outbox of a service
perl -MMail::DKIM -e1 2>/dev/null || packages+=(libmail-dkim-perl) # another reader of signatures

if [ ${#packages[@]} -gt 0 ]; then
	if ! command -v apt-get >/dev/null 2>&1 || { [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; }; then
		echo "The tests need: ${packages[*]} (Debian's names). Install them, then run make test again." >&2
		exit 1
	fi
	sudo=()
	[ "$(id -u)" -eq 0 ] || sudo=(sudo)
	echo "Installing what the tests need: ${packages[*]}"
	# Only the programs are needed: no service may start by itself.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
		"${sudo[@]}" chmod +x "$policy"
		trap '"${sudo[@]}" rm -f "$policy"' EXIT
	fi
	"${sudo[@]}" apt-get update -qq
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

for modules in worker/api/page/testdata/axe worker/channel/sms/testdata/prism worker/channel/webhook/testdata/reference worker/mailtest/testdata/readers; do
	if [ ! -e "$modules/node_modules" ] || [ "$modules/package-lock.json" -nt "$modules/node_modules" ]; then
		npm ci --silent --ignore-scripts --prefix "$modules"
		touch "$modules/node_modules"
	fi
done
