#!/bin/sh
# Collects the files that Airlock reads, one archive for each node. It changes nothing on any node.
#
#   sh collect.sh [--without-keys] [--kubectl]                 on a node, as root
#   sh collect.sh [--without-keys] [--kubectl] HOST...         on a jump host, over SSH
#
#   --without-keys   leave private key files out; kubeconfigs and kubelet certificates are packed without their keys
#   --kubectl        also save cluster-info and kubeadm-config with kubectl
#
#   OUT     folder for the archives, default: the current one
#   ROOT    root of the file system to read, default: /
#   SSH     command that runs a script on a host, default: ssh -o BatchMode=yes
#   LOGIN   user on the hosts, default: root
#
# Archives may contain private keys: keep them as safe as the nodes' own files, and delete them afterwards.
set -eu
umask 077

PATHS='etc/kubernetes etc/default/kubelet etc/sysconfig/kubelet var/lib/kubelet/config.yaml var/lib/kubelet/kubeadm-flags.env var/lib/kubelet/pki'

fail() {
	printf 'collect.sh: %s\n' "$1" >&2
	exit 1
}

usage() {
	sed -n '2,16s/^# \{0,1\}//p' "$0"
}

# Packs a node's files as tar.gz, to standard output. Run on the node; arguments: root folder, 1 to leave keys out.
# It is sent to other hosts as it is, so it uses nothing from outside itself but PATHS.
pack() {
	root=$1 without_keys=$2
	cd "$root" || exit 1
	if ! [ -d etc/kubernetes ]; then
		echo "collect.sh: there is no etc/kubernetes in $root" >&2
		exit 1
	fi
	if ! [ -r etc/kubernetes/admin.conf ] && [ -e etc/kubernetes/admin.conf ]; then
		echo "collect.sh: etc/kubernetes/admin.conf cannot be read: run this as root" >&2
		exit 1
	fi
	copy=$(mktemp -d) || exit 1
	trap 'rm -rf "$copy"' EXIT
	trap 'exit 1' HUP INT TERM
	{
		for path in $PATHS; do
			[ -e "$path" ] || continue
			# Links are kept as they are: kubelet-client-current.pem is one. Sockets and backups are not needed.
			find "$path" \( -name tmp -o -name backup -o -name '*.bak' -o -name .airlock \) -prune -o \( -type f -o -type l \) -print
		done
		# Certificates elsewhere, by the flags of the control plane (kubeadm's certificatesDir). Not the CAs of the system.
		cat etc/kubernetes/manifests/*.yaml etc/kubernetes/*.conf var/lib/kubelet/config.yaml 2>/dev/null |
			tr -s " =,\"'" '\n' | grep -E '^/.+\.(crt|key|pem|pub|conf)$' |
			grep -v -e '^/etc/kubernetes/' -e '^/var/lib/kubelet/' -e '^/etc/ssl/' -e '^/etc/pki/' -e '^/usr/' | sort -u |
			while IFS= read -r file; do
				# No flag names the front-proxy CA's key: it lies beside the certificate.
				file=${file#/}
				for file in "$file" "${file%.*}.key" "${file%.*}.crt"; do
					if [ -f "$file" ]; then printf '%s\n' "$file"; fi
				done
			done | sort -u
	} | while IFS= read -r file; do
		case $file in
		var/lib/kubelet/pki/kubelet-client-20*.pem | var/lib/kubelet/pki/kubelet-server-20*.pem)
			# Of the certificates that the kubelet has had, only the one that the link names.
			current=${file%-20*}-current.pem
			[ "$(basename "$(readlink "$current" 2>/dev/null)")" = "$(basename "$file")" ] || continue
			;;
		*.key) [ "$without_keys" = 0 ] || continue ;;
		esac
		mkdir -p "$copy/$(dirname "$file")"
		if [ "$without_keys" = 1 ] && [ -f "$file" ] && ! [ -L "$file" ]; then
			# Kubeconfigs and PEM files with a certificate and a key: the key is left out.
			awk '
				/-----BEGIN [A-Z ]*PRIVATE KEY-----/ { key = 1 }
				!key && !/^[[:space:]]*(client-key-data|token|password):/ { print }
				/-----END [A-Z ]*PRIVATE KEY-----/ { key = 0 }
			' "$file" >"$copy/$file"
		else
			cp -P "$file" "$copy/$file"
		fi
	done
	cd "$copy" || exit 1
	tar -cf - -- * | gzip -c
}

without_keys=0 kubectl=0
while [ $# -gt 0 ]; do
	case $1 in
	--without-keys) without_keys=1 ;;
	--kubectl) kubectl=1 ;;
	-h | --help)
		usage
		exit 0
		;;
	--)
		shift
		break
		;;
	-*) fail "unknown option $1 (see --help)" ;;
	*) break ;;
	esac
	shift
done

out=${OUT:-.} root=${ROOT:-/}
[ -d "$out" ] || fail "$out is not a folder"

# Puts an archive into place only when it is complete.
save() {
	name=$1
	shift
	if ("$@") >"$out/.$name.part" && gzip -t "$out/.$name.part" 2>/dev/null && tar -tzf "$out/.$name.part" >/dev/null; then
		mv "$out/.$name.part" "$out/$name"
		printf '%s: %s files\n' "$out/$name" "$(tar -tzf "$out/$name" | grep -vc '/$')"
	else
		rm -f "$out/.$name.part"
		fail "nothing was collected for $name"
	fi
}

remote() {
	host=$1
	{
		printf "PATHS='%s'\n" "$PATHS"
		sed -n '/^pack() {$/,/^}$/p' "$0"
		printf 'pack / %s\n' "$without_keys"
	} | ${SSH:-ssh -o BatchMode=yes} "${LOGIN:-root}@$host" 'sh -s'
}

if [ $# -eq 0 ]; then
	save "$(uname -n | cut -d. -f1).tar.gz" pack "$root" "$without_keys"
else
	for host in "$@"; do
		case $host in
		*[!A-Za-z0-9.:_-]* | -*) fail "$host is not a host name" ;;
		esac
		save "$host.tar.gz" remote "$host"
	done
fi

if [ "$kubectl" = 1 ]; then
	kubectl -n kube-public get configmap cluster-info -o yaml >"$out/cluster-info.yaml"
	kubectl -n kube-system get configmap kubeadm-config -o yaml >"$out/kubeadm-config.yaml"
	printf '%s\n' "$out/cluster-info.yaml" "$out/kubeadm-config.yaml"
fi
