# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the harness's bash scripts share: messages, the cache, apt without root.

cache=${MSGPASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/msgpass}
kernels="6.1 6.12 7.2 6.1-rt 6.1-arm64"
# Those that are built here, from linux-source.
debug_kernels="6.1-debug 6.1-kcsan 6.1-kmsan 6.1-coverage"

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

say() {
	echo "$(basename "$0"): $*" >&2
}

check_kernel() {
	case " $kernels $debug_kernels " in
	*" $1 "*) ;;
	*) die "KERNEL=$1 is not supported; use one of $kernels $debug_kernels" ;;
	esac
}

is_debug_kernel() {
	case " $debug_kernels " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# How many times longer than elsewhere things may take in a kernel.
slowness() {
	is_debug_kernel "$1" && echo 5 || echo 1
}

# The machine that a kernel is for, as Debian calls it.
arch_of() {
	case $1 in
	*-arm64) echo arm64 ;;
	*) echo amd64 ;;
	esac
}

# Where programs for that machine are built.
build_of() {
	[ "$(arch_of "$1")" = amd64 ] && echo build || echo "build/$(arch_of "$1")"
}

# Hold the lock of one cache entry until this process ends.
lock_entry() {
	mkdir -p "$cache" || die "cannot write to the cache $cache; set MSGPASS_CACHE to a directory of yours"
	exec 9>"$cache/.lock-$1"
	flock -n 9 || { say "waiting for another set-up of $1"; flock 9; }
}

# The URI this machine's own apt sources use for the archive called $1 (the Label in its
# Release file: Debian or Debian-Security), or nothing. Where apt has fetched no Release
# file yet, the last part of the URI has to do.
# shellcheck disable=SC2016 # apt expands these
archive_uri() {
	{
		apt-get indextargets --format '$(LABEL)|$(ORIGIN)|$(REPO_URI)' 'Created-By: Packages'
		apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' |
			sed -n -e 's#.*/debian/$#Debian|Debian|&#p' \
				-e 's#.*/debian-security/$#Debian-Security|Debian|&#p'
	} | awk -F'|' -v label="$1" '$1 == label && $2 == "Debian" && !found++ { print $3 }'
}

# Prepare an apt of our own in directory $1, for the given "archive suite" lines on
# stdin: its lists, its cache, an empty dpkg status, and the machine's proxies and mirrors;
# for this machine's packages, and for those of architecture $2.
private_apt() {
	local dir=$1 foreign=${2:-amd64} archive suite uri
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	cat >"$dir/apt.conf" <<-EOF
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State "$dir";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; "$foreign"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Pre-Install-Pkgs;
		#clear DPkg::Post-Invoke;
		#clear APT::Default-Release;
	EOF
	while read -r archive suite; do
		uri=$(archive_uri "$archive")
		if [ -z "$uri" ]; then
			[ "$archive" = Debian ] || continue
			die "no Debian archive in this machine's apt sources: name one in /etc/apt/sources.list"
		fi
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
	done >"$dir/sources.list"
	quietly "$dir/log" apt-get -c "$dir/apt.conf" -q update ||
		die "apt-get update failed for: $(cut -d' ' -f3- "$dir/sources.list" | tr '\n' ';')"
}

# Run a command with its output in a log, shown only if the command fails.
quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return
	cat "$log" >&2
	return 1
}

# Make a directory of our own in build/, $tmp, for as long as we run; and remove those of
# predecessors that were killed.
make_tmp() {
	local old pid
	mkdir -p build
	for old in build/tmp.*.*; do
		pid=${old#build/tmp.} pid=${pid%%.*}
		[ ! -d "$old" ] || [ -e "/proc/$pid" ] || rm -rf "$old"
	done
	# shellcheck disable=SC2034 # its users are elsewhere
	tmp=$(mktemp -d "build/tmp.$$.XXXXXX")
}

# Leave by way of the EXIT trap when told to end.
exit_on_signals() {
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}
