#!/bin/sh
# Stand-in for systemctl. Beside it: argv (each call's arguments), units/NAME (the unit's properties),
# next/NAME.N (what its Nth later reading finds), on/VERB-NAME (what an action does), read (what every reading does first).
here=$(dirname "$0")
printf '%s|' "$@" >> "$here/argv"; echo >> "$here/argv"
shift 2
verb=$1
if [ "$verb" != show ]; then
  shift 2
  . "$here/on/$verb-$1"
  exit 0
fi
[ -f "$here/read" ] && . "$here/read"
while [ "$1" != -- ]; do shift; done
shift
cd "$here/units" || exit 1
for pattern in "$@"; do
  for name in $pattern; do
    if [ -f "$name" ]; then
      cat "$name"
    else
      case $name in *'*'*) continue ;; esac
      printf 'Id=%s\nNames=%s\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\nJob=\n' "$name" "$name"
    fi
    echo
    for later in ../next/"$name".*; do
      [ -f "$later" ] && mv "$later" "$name"
      break
    done
  done
done
