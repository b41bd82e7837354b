# The kubelet's flags and the fields of its configuration, as they are on this machine.

# The words of the kubelet's command line, as $kubelet_words: systemd units, the files that their EnvironmentFile= names, then
# the files in which kubeadm and packages keep its arguments. Its configuration: $kubelet_config, then the drop-ins
# $drop_ins, a line each. The kubelet reads a folder of drop-ins with its subfolders (kubernetes/kubernetes:
# cmd/kubelet/app/server.go, mergeKubeletConfigurations).
read_kubelet_settings() {
  kubelet_words=
  environment_files=
  for unit_file in /lib/systemd/system/kubelet.service /usr/lib/systemd/system/kubelet.service /etc/systemd/system/kubelet.service \
    /lib/systemd/system/kubelet.service.d/*.conf /usr/lib/systemd/system/kubelet.service.d/*.conf /etc/systemd/system/kubelet.service.d/*.conf; do
    [ -f "$unit_file" ] || continue
    read_kubelet_words "$unit_file"
    run sed -n 's/^[[:space:]]*EnvironmentFile=-\{0,1\}//p' "$unit_file"
    environment_files="$environment_files
$output"
  done
  # Patterns are resolved as systemd resolves them; a path has no white space.
  for line_file in $environment_files /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet; do
    [ ! -f "$line_file" ] || read_kubelet_words "$line_file"
  done
  kubelet_flag config
  kubelet_config=${output:-/var/lib/kubelet/config.yaml}
  kubelet_flag config-dir
  drop_ins=
  { [ -n "$output" ] && [ -d "$output" ]; } || return 0
  run find "$output" -type f -name '*.conf'
  [ -n "$output" ] || return 0
  ask sort <<END
$output
END
  drop_ins=$output
}

read_kubelet_words() { # FILE
  run sed -e '/^[[:space:]]*[#;]/d' -e "s/[\"'\\\\]/ /g" -e 's/=--/= --/g' "$1"
  kubelet_words="$kubelet_words $output"
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
  while IFS= read -r config_file <&3; do
    [ -f "$config_file" ] || continue
    run sed 's/#.*//;s/[{},]/\n/g' "$config_file"
    run sed -n "/^[[:space:]]*[\"']\{0,1\}$1[\"']\{0,1\} *:/{s/^[^:]*: *//;s/[\"' ]//g;p;}" <<END
$output
END
    [ -z "$output" ] || field_value=$output
  done 3<<FILES
$kubelet_config
$drop_ins
FILES
  output=${field_value##*
}
}

# The value of a flag or, without the flag, of the field, as $output.
kubelet_setting() { # FLAG FIELD
  kubelet_flag "$1"
  [ -n "$output" ] || kubelet_field "$2"
}

# Refuses what this kubelet reads instead of the files that the script writes: a kubeconfig of another name, and files with
# CAs that do not contain the CAs of this phase alone. A kubelet without the new CA rejects every API server from phase 2
# on, and cannot reach one. SUM: of each bundle that is right in this phase.
handles_kubelet_settings() { # WRITTEN BUNDLE SUM…
  case $action in verify | check) ;; *) return 0 ;; esac
  written=$1
  bundle=$2
  shift 2
  read_kubelet_settings
  kubelet_setting client-ca-file clientCAFile
  trusts_by_file "the kubelet accepts clients by" "$output" "${kubelet_config%/*}" "$@"
  kubelet_flag kubeconfig
  kubeconfig=$output
  if [ -n "$kubeconfig" ] && ! is_same_file "$kubeconfig" "$kubelet_conf"; then
    refuse_setting "the kubelet reads the kubeconfig $kubeconfig, which this package does not change: provide this node's files and make the package again"
  fi
  [ -e "$kubelet_conf" ] || return 0
  # Without CA data, a kubeconfig names a file.
  run sed -n "s/^ *certificate-authority: *//;t name;d;:name;s/[\"']//g;p" "$kubelet_conf"
  trusts_by_file "$kubelet_conf verifies the API server by" "$output" "${kubelet_conf%/*}" "$@"
}

is_same_file() { # PATH PATH
  [ "$1" != "$2" ] || return 0
  { [ -e "$1" ] && [ -e "$2" ]; } || return 1
  ask readlink -f -- "$1"
  first_target=$output
  ask readlink -f -- "$2"
  [ "$output" = "$first_target" ]
}

refuse_setting() { # TEXT
  case $action in
    check) not_ready "$1" ;;
    verify) fail "$1; nothing was changed" ;;
  esac
}

# Does a file that is not the one written have the CAs of this phase alone?
trusts_by_file() { # WHAT FILE FOLDER-OF-A-RELATIVE-PATH SUM…
  what_trusts=$1
  trusted=$2
  case $trusted in
    '') return 0 ;;
    /*) ;;
    *) trusted=$3/$trusted ;;
  esac
  shift 3
  ! is_same_file "$trusted" "$written" || return 0
  if [ -e "$trusted" ]; then
    run cat -- "$trusted"
    hash=empty
    [ -z "$output" ] || hash_unwrapped "$output" "$trusted"
    ! among "$hash" "$@" || return 0
  fi
  refuse_setting "$what_trusts $trusted, which this package does not change and which does not contain the CAs of this phase alone: copy $bundle to $trusted yourself and run this again, or provide this node's files and make the package again"
}
