# Functions that every script of the package uses.
#
# A command that fails ends the script: FAILED, the command and its message. Nothing is decided on an empty answer.

say() {
  printf '%s: %s\n' "$holder" "$*"
}

fail() {
  printf '%s: FAILED: %s\n' "$holder" "$*" >&2
  exit 1
}

# A check that does not pass; the exit status of the script says so at its end.
not_ready() {
  printf '%s: NOT READY: %s\n' "$holder" "$*" >&2
  missing=yes
}

# Fails with a command's exit status, its words and what it wrote to standard error.
fail_command() { # STATUS COMMAND…
  status=$1
  shift
  read_errors
  fail "$*: ${reason:-no message} (exit status $status)"
}

read_errors() {
  reason=
  [ -f "$scratch/errors" ] || return 0
  while IFS= read -r text || [ -n "$text" ]; do
    reason="$reason${reason:+; }$text"
  done <"$scratch/errors"
}

# Runs a command; its standard output becomes $output.
run() { # COMMAND…
  output=$("$@" 2>"$scratch/errors") || fail_command "$?" "$@"
}

# As run; an empty answer is a failure.
ask() { # COMMAND…
  run "$@"
  [ -n "$output" ] || fail "$*: empty answer"
}

# Runs a command whose standard output becomes a file.
run_to() { # FILE COMMAND…
  file=$1
  shift
  { "$@" >"$file"; } 2>"$scratch/errors" || fail_command "$?" "$@"
  [ -s "$file" ] || fail "$*: empty answer"
}

# Has this run changed or awaited anything? If not, nothing needs to be said.
changed=no
missing=no
reason=
scratch=

wait_until() { # WHAT COMMAND…
  what=$1
  shift
  left=${AIRLOCK_TIMEOUT:-300}
  reason=
  until "$@"; do
    changed=yes
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "time-out after ${AIRLOCK_TIMEOUT:-300} s, not reached: $what${reason:+ (last answer: $reason)}"
    pause_between
  done
}

pause_between() {
  sleep "${AIRLOCK_PAUSE:-1}" 9>&- || fail "sleep ${AIRLOCK_PAUSE:-1} failed"
}

reached() { # WHAT
  [ "$changed" = no ] || say "$1"
}

# Calls kubectl: 0 answered ($output), 3 not found, 4 refused (401, 403), 5 failed; $reason says why.
call_kubectl() { # ARGUMENT…
  reason=
  if output=$(kubectl --request-timeout=30s "$@" 2>"$scratch/errors" 9>&-); then
    return 0
  fi
  read_errors
  [ -n "$reason" ] || reason='no message'
  reason="kubectl $*: $reason"
  case $reason in
    *'(NotFound)'*) return 3 ;;
    *'(Forbidden)'* | *'You must be logged in'* | *Unauthorized*) return 4 ;;
  esac
  return 5
}

# The one way to ask an API server whether it accepts a credential and is ready.
answers() { # KUBECTL ARGUMENT…
  call_kubectl "$@" get --raw=/readyz || return 1
  [ "$output" = ok ] || {
    reason="kubectl $* get --raw=/readyz: unexpected answer '$output'"
    return 1
  }
}

# Only the answer 401 proves that a credential is refused; a connection that fails proves nothing.
refuses() { # KUBECTL ARGUMENT…
  if call_kubectl "$@" get --raw=/readyz; then
    reason='the credential is still accepted'
    return 1
  fi
  case $reason in
    *'You must be logged in'* | *Unauthorized*) return 0 ;;
  esac
  return 1
}

# SHA-256 of a file, as $hash; "absent" where there is none.
hash_of() { # FILE
  hash=absent
  [ -e "$1" ] || return 0
  run sha256sum -- "$1"
  take_hash "$1"
}

# SHA-256 of a text without white space: PEM and base64 mean the same however they are wrapped.
hash_unwrapped() { # TEXT WHAT
  output=$(printf %s "$1" | tr -d ' \t\r\n' 2>"$scratch/errors") || fail_command "$?" tr
  [ -n "$output" ] || fail "$2 is empty, or tr failed"
  hash_text "$output"
}

hash_text() { # TEXT
  output=$(printf %s "$1" | sha256sum 2>"$scratch/errors") || fail_command "$?" sha256sum
  take_hash 'a text'
}

take_hash() { # WHAT
  hash=${output#\\}
  hash=${hash%% *}
  case ${#hash}$hash in
    64*[!0-9a-f]*) ;;
    64*) return 0 ;;
  esac
  fail "sha256sum of $1: unexpected answer '$output'"
}

among() { # FOUND EXPECTED…
  found=$1
  shift
  for expected; do
    case $expected in
      any | "$found") return 0 ;;
    esac
  done
  return 1
}

# Does one of the shell patterns match the text?
matches() { # TEXT PATTERNS, one a line
  while IFS= read -r pattern; do
    [ -n "$pattern" ] || continue
    # shellcheck disable=SC2254 # a pattern
    case $1 in $pattern) return 0 ;; esac
  done <<END
$2
END
  return 1
}

# Does --exclude leave out this workload, this log, or this log's errors with a peer (LOG/PEER)?
is_excluded() { # TEXT
  matches "$1" "$excluded"
}

decode() { # BASE64; sets $output
  output=$(printf %s "$1" | base64 -d 2>"$scratch/errors") || fail_command "$?" base64 -d
  [ -z "$1" ] || [ -n "$output" ] || fail 'base64 -d: empty answer'
}

# How many certificates a text has, as $count.
count_certificates() { # TEXT
  count=0
  rest=$1
  while :; do
    case $rest in
      *-----BEGIN\ CERTIFICATE-----*) ;;
      *) return 0 ;;
    esac
    rest=${rest#*-----BEGIN CERTIFICATE-----}
    count=$((count + 1))
  done
}

remove_scratch() {
  [ -z "${scratch:-}" ] || rm -rf -- "$scratch"
}

# Messages of commands, and what is not secret.
make_scratch() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/airlock.XXXXXX") || fail 'mktemp -d failed: no temporary folder'
  [ -d "$scratch" ] || fail 'mktemp -d: empty answer'
}
