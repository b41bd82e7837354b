
say() {
  printf '%s: %s\n' "$holder" "$*"
}

stop() {
  printf '%s: stopped: %s\n' "$holder" "$*" >&2
  exit 1
}

# Says what a gate lacks; the script's exit code tells it in the end.
unmet() {
  printf '%s: not yet: %s\n' "$holder" "$*" >&2
  missing=yes
}

# Has this run changed or awaited anything? What was so before is not worth a line.
changed=no

wait_until() { # WHAT COMMAND…
  what=$1
  shift
  tries=${AIRLOCK_TIMEOUT:-300}
  until "$@"; do
    changed=yes
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || stop "this has not come true: $what"
    sleep 1
  done
}


came_true() { # WHAT
  [ "$changed" = no ] || say "$1"
}
