#!/bin/sh
# Wraps a command: call number $AT fails in the way that $MODE names; all other calls run the real command. Without AT,
# only appends each call's name and arguments to $RECORD, as one line.
name=${0##*/}
real=${PATH#*:}
if [ -z "${AT:-}" ]; then
  line=$name
  for word; do line="$line	$word"; done
  # One line per call, even if an argument contains newlines.
  printf '%s\n' "$line" | PATH=$real tr '\n' ' ' >>"$RECORD"
  echo >>"$RECORD"
  PATH=$real exec "$name" "$@"
fi
calls=0
[ ! -e "/run/machine/calls" ] || read -r calls </run/machine/calls
calls=$((calls + 1))
echo "$calls" >/run/machine/calls
[ "$calls" -eq "$AT" ] || PATH=$real exec "$name" "$@"
case $MODE in
  fail) echo "$name: injected failure: no space left on device" >&2 && exit 1 ;;
  empty) exit 0 ;;
  truncated)
    answer=$(PATH=$real "$name" "$@" 2>/dev/null) || answer=
    printf %s "${answer%"${answer#?}"}"
    exit 0
    ;;
  timeout) echo "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers), injected failure" >&2 && exit 1 ;;
  401) echo "error: You must be logged in to the server (Unauthorized), injected failure" >&2 && exit 1 ;;
  403) echo "Error from server (Forbidden): injected failure: User \"nobody\" cannot do this" >&2 && exit 1 ;;
  409) echo "Error from server (Conflict): injected failure: the object has been modified" >&2 && exit 1 ;;
  500) echo "Error from server (InternalError): injected failure: an error on the server has prevented the request from succeeding" >&2 && exit 1 ;;
  kill)
    read -r script </run/machine/script
    kill -9 "$script"
    exit 137
    ;;
  kill-after)
    PATH=$real "$name" "$@" >/dev/null 2>&1
    read -r script </run/machine/script
    kill -9 "$script"
    exit 137
    ;;
esac
