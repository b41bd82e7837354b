# The kubelet's flags and the fields of its configuration, as they are on this machine.

# The words of the kubelet's command line, as $kubelet_words: systemd units, then the files with its arguments. Its
# configuration: $kubelet_config, then the drop-ins in the folder $drop_ins.
read_kubelet_settings() {
  kubelet_words=
  for line_file in /lib/systemd/system/kubelet.service /usr/lib/systemd/system/kubelet.service /etc/systemd/system/kubelet.service \
    /lib/systemd/system/kubelet.service.d/*.conf /usr/lib/systemd/system/kubelet.service.d/*.conf /etc/systemd/system/kubelet.service.d/*.conf \
    /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet; do
    [ -f "$line_file" ] || continue
    run sed -e '/^[[:space:]]*[#;]/d' -e "s/[\"'\\\\]/ /g" -e 's/=--/= --/g' "$line_file"
    kubelet_words="$kubelet_words $output"
  done
  kubelet_flag config
  kubelet_config=${output:-/var/lib/kubelet/config.yaml}
  kubelet_flag config-dir
  drop_ins=$output
}

# The value that $kubelet_words gives a flag, as $output. The last one counts, and a flag without a value is true.
kubelet_flag() { # NAME
  output=
  word_before=
  set -f
  # One word after the other.
  # shellcheck disable=SC2086
  for word in $kubelet_words; do
    case $word in
      --"$1"=*) output=${word#*=} ;;
      --"$1") output=true ;;
      *) [ "$word_before" != "--$1" ] || output=$word ;;
    esac
    word_before=$word
  done
  set +f
}

# The value that the kubelet's configuration, in YAML or JSON, gives a field, as $output. The last one counts. A field is found
# at any depth: no field that a script asks for has the name of another one.
kubelet_field() { # NAME
  field_value=
  for config_file in "$kubelet_config" ${drop_ins:+"$drop_ins"/*.conf}; do
    [ -f "$config_file" ] || continue
    run sed 's/#.*//;s/[{},]/\n/g' "$config_file"
    run sed -n "/^[[:space:]]*[\"']\{0,1\}$1[\"']\{0,1\} *:/{s/^[^:]*: *//;s/[\"' ]//g;p;}" <<END
$output
END
    [ -z "$output" ] || field_value=$output
  done
  output=${field_value##*
}
}

# The value of a flag or, without the flag, of the field, as $output.
kubelet_setting() { # FLAG FIELD
  kubelet_flag "$1"
  [ -n "$output" ] || kubelet_field "$2"
}

# A kubelet accepts the clients that the CAs in one file have signed. Where this is another file than the one that the script
# writes, the person has to replace it; a kubelet without the new CA rejects every API server from phase 2 on.
accepts_clients_by() { # WRITTEN BUNDLE SUM…
  case $action in verify | check) ;; *) return 0 ;; esac
  written=$1
  bundle=$2
  shift 2
  read_kubelet_settings
  kubelet_setting client-ca-file clientCAFile
  accepted=$output
  case $accepted in
    '' | "$written") return 0 ;;
    /*) ;;
    *) accepted=${kubelet_config%/*}/$accepted ;;
  esac
  if [ -e "$accepted" ]; then
    if [ -e "$written" ]; then
      ask readlink -f -- "$written"
      real_written=$output
      ask readlink -f -- "$accepted"
      [ "$output" != "$real_written" ] || return 0
    fi
    run cat -- "$accepted"
    hash=empty
    [ -z "$output" ] || hash_unwrapped "$output" "$accepted"
    ! among "$hash" "$@" || return 0
  fi
  remedy="copy $bundle to $accepted yourself and run this again, or provide this node's files and make the package again"
  case $action in
    check) not_ready "the kubelet accepts clients by $accepted, which does not contain the CAs of this phase alone: $remedy" ;;
    verify) fail "the kubelet accepts clients by $accepted, which this package does not change: $remedy; nothing was changed" ;;
  esac
}
