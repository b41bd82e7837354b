# Verification of logs: TLS errors by peer and connection, and the check that none was logged for two minutes.
#
# The patterns are messages of Go (crypto/x509, crypto/tls, net/http, client-go), etcd, OpenSSL, rustls, Java and GnuTLS.
#
#   verify_logs READER   READER calls scan for every log
#
# Every log must be readable and reach back two minutes: a log that cannot be read, or that is empty, proves nothing. Every
# component must have run for two minutes: one that does not run logs no error either.

# The seconds without a TLS error that the check requires.
quiet=120

# Two awk functions: seconds since 1970 of an RFC 3339 time, and of a time in klog's header, which has no year.
time_functions='
function days(year, month, day,    era, of_era) {
  if (month <= 2) year--
  era = int(year / 400)
  of_era = year - era * 400
  return era * 146097 + of_era * 365 + int(of_era / 4) - int(of_era / 100) + int((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 719469
}
function of_day(time) {
  return substr(time, 1, 2) * 3600 + substr(time, 4, 2) * 60 + substr(time, 7, 2)
}
function zone_seconds(zone,    seconds) {
  if (zone !~ /^[-+][0-9][0-9]:?[0-9][0-9]/) return 0
  seconds = substr(zone, 2, 2) * 3600 + substr(zone, length(zone) - 1) * 60
  return substr(zone, 1, 1) == "-" ? -seconds : seconds
}
function rfc3339(time,    zone) {
  if (time !~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9]/) return -1
  zone = substr(time, 20)
  sub(/^[.,][0-9]+/, "", zone)
  return days(substr(time, 1, 4) + 0, substr(time, 6, 2) + 0, substr(time, 9, 2) + 0) * 86400 + of_day(substr(time, 12)) - zone_seconds(zone)
}
function klog(header, time,    year, seconds) {
  year = int(now / 31556952) + 1970
  seconds = days(year, substr(header, 2, 2) + 0, substr(header, 4, 2) + 0) * 86400 + of_day(time) - zone_seconds(zone_here)
  if (seconds > now + 86400) seconds -= (days(year, 1, 1) - days(year - 1, 1, 1)) * 86400
  return seconds
}
'

# Reads one log. Writes a line for each connection and peer that has TLS errors since the phase began, then a line "end".
# shellcheck disable=SC2016 # awk's own variables
log_reader='
# The line without the time that the container runtime, the journal or kubectl put before it; sets time, and with the stream
# whether it is a part of a line: runtimes split what is longer than 16 KiB.
function without_time(text,    stamp, first) {
  first = text
  stream = ""
  is_part = 0
  sub(/ .*/, "", first)
  if (text ~ /^[{]"log":/) {
    # The JSON of a Docker engine: a whole line ends with a line break.
    stream = found(text, "\"stream\":\"[a-z]*")
    is_part = text !~ /\\n","stream":/
    stamp = text
    sub(/.*"time":"/, "", stamp)
    time = rfc3339(stamp)
    text = substr(text, 9)
    sub(/(\\n)?","stream":.*/, "", text)
  } else if (text ~ /^[0-9]+[.][0-9]+ /) {
    time = int(first + 0)
    text = substr(text, length(first) + 2)
  } else if (text ~ /^[0-9][0-9][0-9][0-9]\/[0-9][0-9]\/[0-9][0-9] [0-9][0-9]:/) {
    # The log package of Go.
    stamp = substr(text, 1, 19)
    gsub(/\//, "-", stamp)
    time = rfc3339(stamp)
  } else if (text ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-/) {
    time = rfc3339(first)
    text = substr(text, length(first) + 2)
    if (text ~ /^(stdout|stderr) [FP] /) {
      stream = substr(text, 1, 6)
      is_part = substr(text, 8, 1) == "P"
      text = substr(text, 10)
    }
  } else if (text ~ /^[IWEF][0-9][0-9][0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]/) {
    time = klog(first, substr(text, 7, 8))
  } else if (text ~ /^[{].*"ts":"?[0-9]/) {
    stamp = text
    sub(/.*"ts":"?/, "", stamp)
    # JSON of component-base has milliseconds since 1970, that of etcd an RFC 3339 time.
    time = stamp ~ /^[0-9]+-/ ? rfc3339(stamp) : int(stamp / 1000)
  }
  return text
}
# Does the line report that a certificate is missing, wrong or not trusted? Connections that end early, requests without TLS
# and clients of another TLS version are no such errors.
function is_tls_error(text) {
  if (text ~ /x509: /) return 1
  # That is what a server of Go sees where a client on OpenSSL rejects its certificate, by TLS 1.3.
  if (text ~ /local error: tls: bad record MAC/) return 1
  if (text ~ /remote error: tls: /) return text !~ /tls: (protocol version not supported|user canceled|no application protocol|inappropriate fallback)/
  if (text ~ /tls: (failed to verify|failed to parse (client|server)? ?certificate|private key|bad certificate|client didn.t provide a certificate|invalid signature by the|certificate used|no certificates configured|neither Certificates|incorrect certificate|unsupported certificate|internal error|error decrypting)/) return 1
  if (is_other_library(text)) return 1
  if (text ~ /tls: (unknown certificate authority|bad certificate|expired certificate|revoked certificate)/) return 1
  if (text ~ /certificate verify failed|CERTIFICATE_VERIFY_FAILED|unable to get (local )?issuer certificate|unable to verify the first certificate|self[- ]signed certificate|SSL certificate problem|key values mismatch|verify error:num=|SSL handshake failure/) return 1
  if (text ~ /SSL routines:.*(alert (unknown ca|bad certificate|certificate (unknown|expired|revoked|required)|unsupported certificate|handshake failure|decrypt error|access denied|internal error)|peer did not return a certificate|certificate has expired)/) return 1
  return is_file_error(text) || is_refusal(text)
}
# Messages of rustls, of the TLS of Java and of GnuTLS.
function is_other_library(text) {
  if (text ~ /invalid peer certificate|PKIX path (building|validation) failed/) return 1
  if (text ~ /received fatal alert: *(UnknownCA|BadCertificate|Certificate[A-Za-z]+|HandshakeFailure|DecryptError|AccessDenied|UnsupportedCertificate)/) return 1
  if (text ~ /Received fatal alert: (unknown_ca|bad_certificate|certificate_[a-z]+|handshake_failure|decrypt_error|access_denied|unsupported_certificate)/) return 1
  return text ~ /certificate is NOT trusted|certificate issuer is unknown|Error in the certificate verification/
}
# A component that cannot use a file of its own: no other program takes part in that error (crypto/tls: tls.go; client-go:
# util/cert/pem.go; kubernetes: pkg/controller/certificates/signer/ca_provider.go).
function is_file_error(text) {
  if (text ~ /expected 1 certificate, found|does not contain any valid RSA or ECDSA certificates/) return 1
  return text ~ /tls: (failed to find any PEM|private key (does not match|type does not match)|failed to parse private key)/
}
# A client whose certificate is not accepted is answered 401 (apimachinery: pkg/api/errors; kube-aggregator:
# pkg/controllers/status/remote/remote_available_controller.go).
function is_refusal(text) {
  if (text ~ /the server has asked for the client to provide credentials|You must be logged in to the server/) return 1
  # A registry or another server of HTTP answers so; client-go has no number in its error.
  if (text ~ /401 Unauthorized/) return 0
  if (component == "kube-apiserver" && text ~ /bad status from https:[^ ]*: 401([^0-9]|$)/) return 1
  # Programs whose only server is kube-apiserver.
  if (component ~ /^(kube-controller-manager|kube-scheduler|kubelet|konnectivity-server|machined)$/ && text ~ /(^|[^A-Za-z])Unauthorized([^A-Za-z]|$)/) return 1
  # Other programs: Unauthorized is the whole error of client-go, as in `error retrieving resource lock …: Unauthorized` and
  # err="Unauthorized". It is not in "401 Unauthorized", which access logs and clients of other servers have.
  return text ~ /(: |[Ee]rr(or)?[\\"]*[=:] ?)[\\"\047]*Unauthorized([\\",;)\047]|$)/
}
function found(text, pattern) {
  if (!match(text, pattern)) return ""
  return substr(text, RSTART, RLENGTH)
}
function without_port(address) {
  if (address ~ /[]]:[0-9]+$/ || address !~ /:.*:/) sub(/:[0-9]+$/, "", address)
  gsub(/[][]/, "", address)
  return address
}
# Sets connection and peer.
function describe(text,    word) {
  connection = "clients>" component
  if (component == "kubelet") connection = "kube-apiserver>kubelet"
  if (component == "extension" || component == "webhook") connection = "kube-apiserver>" component
  if (component == "etcd") connection = text ~ /peer/ ? "etcd>etcd" : "kube-apiserver>etcd"
  if (is_file_error(text)) {
    connection = component ">file"
    word = found(text, "[/][-A-Za-z0-9_.][-A-Za-z0-9_./]*[.](crt|key|pem|conf|cert)")
    peer = word == "" ? "unknown" : word
    return
  }
  word = found(text, "TLS handshake error from [^ ]*")
  if (word != "") {
    sub(/.* /, "", word)
    sub(/:$/, "", word)
    peer = without_port(word)
    return
  }
  word = found(text, "remote-addr[^,]+")
  if (word != "") {
    sub(/^remote-addr/, "", word)
    gsub(/[^][A-Za-z0-9.:]/, "", word)
    sub(/^:/, "", word)
    peer = without_port(word)
    return
  }
  if (text ~ /Unable to authenticate the request/) {
    word = found(text, "verifying certificate SN=[0-9]+")
    sub(/.*SN=/, "", word)
    peer = word == "" ? "unknown" : "certificate with serial number " word
    return
  }
  connection = component ">" server(text)
  word = found(text, "https:[/][/][^/\"\\\\ ]+")
  if (word != "") {
    peer = substr(word, 9)
    return
  }
  # gRPC: {Addr: "127.0.0.1:2379", ServerName: …}
  word = found(text, "Addr: [^,]+")
  if (word != "") {
    sub(/Addr: /, "", word)
    gsub(/[^-A-Za-z0-9.:]/, "", word)
    peer = word
    return
  }
  word = found(text, "dial tcp [^ ]+")
  if (word != "") {
    peer = substr(word, 10)
    sub(/:$/, "", peer)
    return
  }
  # A client of client-go does not name its API server when that refuses its certificate.
  peer = is_refusal(text) ? "kube-apiserver" : "unknown"
  # These libraries name no peer, and do not say which side they are on.
  if (text ~ /SSL routines:|verify error:num=/ || is_other_library(text)) connection = "any>" component
}
# Which server a client was talking to.
function server(text) {
  if (component ~ /^(etcd|apid|trustd)$/) return component
  if (component == "kine") return "datastore"
  # A controller of a Talos machine names no address of trustd.
  if (component == "machined" && text !~ /https:/) return "trustd"
  if (component == "kube-apiserver") {
    if (text ~ /webhook/) return "webhook"
    if (text ~ /addrConn|etcd|:2379/) return "etcd"
    if (text ~ /:10250|kubelet/) return "kubelet"
    if (text ~ /bad status from|[Aa]vailable|[Aa][Pp][Ii][Ss]ervice|[Oo]pen[Aa][Pp][Ii]|aggregat|discovery/) return "extension"
    return is_elsewhere(text) ? "another server" : "kube-apiserver"
  }
  return text ~ /:10250/ ? "kubelet" : is_elsewhere(text) ? "another server" : "kube-apiserver"
}
# Is the request to a registry, an identity provider or the like? A URL of kube-apiserver has one of its paths
# (kubernetes/kubernetes: staging/src/k8s.io/apiserver/pkg/server/config.go, routes of `installAPI`).
function is_elsewhere(text,    path) {
  path = found(text, "https:[/][/][^ \"\\\\]+")
  return sub(/^https:[/][/][^\/]*[\/]/, "", path) && path !~ /^(apis?|openid|openapi|version|healthz|livez|readyz)([^A-Za-z0-9]|$)/
}
# Counts a whole line.
function examine(text,    key) {
  if (time >= 0 && time < since) return
  if (!is_tls_error(text)) return
  describe(text)
  # Nothing of a log acts on a terminal.
  gsub(/[^ -~]/, "?", peer)
  gsub(/[^ -~]/, "?", text)
  key = connection "\t" substr(peer, 1, 120)
  count[key]++
  # An error without a time counts as one of this moment.
  last[key] = time < 0 ? now : time
  sample[key] = substr(text, 1, 300)
}
BEGIN {
  time = -1
}
{
  lines++
  text = without_time($0)
  if (time < 0) undated++
  else {
    if (oldest == "" || time < oldest) oldest = time
    if (newest == "" || time > newest) newest = time
  }
  text = parts[stream] text
  # A line of more than a megabyte is examined in parts.
  if (is_part && length(text) < 1048576) {
    parts[stream] = text
    next
  }
  parts[stream] = ""
  examine(text)
}
END {
  for (stream in parts) examine(parts[stream])
  for (key in sample) printf "error\t%s\t%s\t%d\t%.0f\t%s\n", source, key, count[key], last[key], sample[key]
  printf "end\t%d\t%.0f\t%.0f\t%d\n", lines, oldest == "" ? -1 : oldest, newest == "" ? -1 : newest, undated
}
'

# Sums up what the logs of a source have, by connection and peer.
# shellcheck disable=SC2016 # awk's own variables
log_summary='
BEGIN {
  FS = "\t"
}
$1 == "end" {
  scans++
}
$1 == "error" {
  key = $2 "\t" $3 "\t" $4
  if (!(key in count)) order[++keys] = key
  count[key] += $5
  if (!(key in last) || $6 + 0 >= last[key]) {
    last[key] = $6 + 0
    sample[key] = $7
  }
}
END {
  for (at = 1; at <= keys; at++) printf "error\t%s\t%d\t%.0f\t%s\n", order[at], count[order[at]], last[order[at]], sample[order[at]]
  printf "end\t%d\n", scans
}
'

# What reads logs away from nodes begins with this: where nothing tells when the phase began, the last hour is read.
reads_last_hour() {
  command -v awk >/dev/null 2>&1 || fail 'awk is not installed on this machine'
  ask date +%s
  began=$((output - 3600))
}

# Seconds since 1970 of an RFC 3339 time, as $seconds.
seconds_of() { # TIME
  ask awk -v "time=$1" "$time_functions BEGIN { printf \"%.0f\", rfc3339(time) }"
  seconds=$output
  case $seconds in
    '' | *[!0-9]*) fail "awk: '$1' is not a time" ;;
  esac
}

# Reads a log of a source. $oldest and $newest become the times of its first and its last line.
scan() { # SOURCE COMPONENT FILE
  { awk -v "source=$1" -v "component=$2" -v "since=$began" -v "now=$now" -v "zone_here=$zone" "$time_functions$log_reader" "$3" >"$scratch/scan"; } 2>"$scratch/errors" ||
    fail_command "$?" awk "$3"
  oldest=
  while IFS='	' read -r row lines oldest newest undated; do
    [ "$row" = end ] || {
      lines=
      continue
    }
    break
  done <"$scratch/scan"
  [ -n "${lines:-}" ] || fail "awk $3: empty answer"
  [ "$lines" = 0 ] || [ "$lines" != "$undated" ] || fail "$1: no line of $3 has a time that can be read"
  { cat -- "$scratch/scan" >>"$scratch/found"; } 2>"$scratch/errors" || fail_command "$?" cat "$scratch/scan"
  scans=$((scans + 1))
}

# A component of which nothing shows that it runs: once it does, it has to run for two minutes.
not_running() { # SOURCE TEXT
  not_quiet "$quiet" "$1 does not run: $2; if it is not to run, leave it out with --exclude '$1'"
}

# The check has to wait so long.
not_quiet() { # SECONDS TEXT
  [ "$1" -gt 0 ] || return 0
  [ "$rest" -ge "$1" ] || rest=$1
  loud="$loud$2
"
}

# A log that begins less than two minutes ago proves nothing yet.
covers() { # SOURCE SECONDS-SINCE-1970
  [ "$2" -ge 0 ] || fail "$1: the log is empty"
  not_quiet "$((quiet - now + $2))" "$1: its log begins $((now - $2)) s ago; two minutes are needed"
}

# Which connection of the trust matrix it is, with its peer, as $meaning.
describe_connection() { # CLIENT>SERVER PEER
  case $1 in
    *'>file')
      meaning="a file that ${1%%>*} cannot use"
      [ "$2" = unknown ] || meaning="$meaning, $2"
      meaning="$meaning; no connection"
      return 0
      ;;
  esac
  rows=
  connection_rows "$1"
  meaning="peer $2; connection ${1%%>*} -> ${1#*>}"
  case $rows in
    '') meaning="$meaning, not in this package's trust matrix" ;;
    *) meaning="$meaning, in the trust matrix: $rows" ;;
  esac
}

# Prints every TLS error since the phase began.
report_errors() {
  { awk "$log_summary" "$scratch/found" >"$scratch/summary"; } 2>"$scratch/errors" || fail_command "$?" awk "$scratch/found"
  complete=no
  while IFS='	' read -r row source connection peer count last sample; do
    [ "$row-$source" != "end-$scans" ] || complete=yes
    [ "$row" = error ] || continue
    describe_connection "$connection" "$peer"
    errors='TLS errors'
    [ "$count" != 1 ] || errors='TLS error'
    text="$source: $count $errors in the $(((now - began) / 60)) minutes since the phase began, the last $((now - last)) s ago; $meaning"
    if is_excluded "$source/$peer"; then
      [ "$printed" = yes ] || say "$text; left out by --exclude"
      continue
    fi
    [ "$printed" = yes ] || {
      say "$text"
      say "  $sample"
    }
    not_quiet "$((quiet - now + last))" "$source: a TLS error $((now - last)) s ago; peer $peer"
  done <"$scratch/summary"
  [ "$complete" = yes ] || fail "awk or cat: incomplete answer: not every log that was read is in $scratch/found"
}

# The gate: every log is readable, and none has had a TLS error for two minutes.
verify_logs() { # READER
  excluded=${excluded:-}
  printed=no
  waited=0
  while :; do
    rest=0
    loud=
    scans=0
    read_sources=
    ask date +%s
    now=$output
    ask date +%z
    zone=$output
    { : >"$scratch/found"; } 2>"$scratch/errors" || fail_command "$?" "write $scratch/found"
    "$1"
    report_errors
    [ "$rest" -gt 0 ] || break
    if [ "$action" = check ]; then
      while IFS= read -r text; do
        [ -z "$text" ] || not_ready "$text"
      done <<END
$loud
END
      not_ready "quiet for two minutes in $rest s at the earliest"
      return 0
    fi
    [ "$((waited + rest))" -le "$limit" ] ||
      fail "time-out after $limit s, the logs are not quiet for two minutes: ${loud%%
*}"
    [ "$printed" = yes ] || say "waiting until the logs are quiet for two minutes ($rest s at the earliest): ${loud%%
*}"
    printed=yes
    sleep "$rest" 9>&- || fail "sleep $rest failed"
    waited=$((waited + rest))
  done
  say "quiet for two minutes:${read_sources:- there is no log to read here}"
}
