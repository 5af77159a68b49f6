#!/bin/sh
# Every module that ends up in the program has a licence that lets us ship it: permissive, or MPL 2.0 used unchanged.
set -eu
GO=${GO:-go}
bad=0
for line in $($GO list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}|{{.Dir}}{{end}}{{end}}' ./cmd/herald | sort -u); do
  name=${line%%|*} dir=${line#*|}
  text=$(cat "$dir"/LICENSE* "$dir"/LICENCE* "$dir"/COPYING* "$dir"/License* "$dir"/license* 2>/dev/null | tr '\n\t' '  ' | tr -s ' ')
  case "$text" in
    *"GENERAL PUBLIC LICENSE"*) echo "$name: a GPL" ; bad=1 ;;
    *"Permission is hereby granted, free of charge"* | *"Redistribution and use in source and binary forms"* | *"Apache License"* | *"Permission to use, copy, modify, and"* | *"Mozilla Public License"*) ;;
    "") echo "$name: no licence" ; bad=1 ;;
    *) echo "$name: an unknown licence" ; bad=1 ;;
  esac
done
[ "$bad" = 0 ] || { echo "licences: look at these modules before you use them" >&2; exit 1; }
