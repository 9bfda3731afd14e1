# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the test scripts share: results, tests that are functions, and what these look with.
#
# MSGPASS is the path of the command, else it is looked for on the PATH.

[ -z "$MSGPASS" ] || PATH=$(dirname "$(realpath "$MSGPASS")"):$PATH

# --- results

skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

need_module() {
	{ [ "$(id -u)" = 0 ] && [ -e /dev/msgpass ]; } || skip_all "it takes root and the module"
}

# Scripts that unload the module take along whatever mailboxes there are.
need_vm() {
	{ [ "$(id -u)" = 0 ] && [ -e /vm/modparams ]; } || skip_all "it is for the test VM"
}

# plan NUMBER: so many results are to come.
plan() {
	echo "TAP version 13"
	echo "1..$1"
	number=0 failed=0
}

# result STATUS SENTENCE [LOG]: 4 is skipped, and the log's last line says why; else it says
# what went wrong.
result() {
	number=$((number + 1))
	case $1 in
	0) echo "ok $number - $2" ;;
	4) echo "ok $number - $2 # SKIP $(tail -n 1 "$3")" ;;
	*)
		[ -z "$3" ] || sed 's/^/# /' "$3"
		echo "not ok $number - $2"
		failed=1
		;;
	esac
}

conclude() {
	exit "$failed"
}

# --- tests that are functions

# After each: what it began, and its mailbox.
clean_up() {
	# shellcheck disable=SC2046 # several
	kill $(jobs -p) 2>/dev/null || :
	# shellcheck disable=SC2154 # the script says which
	msgpass rm "$box" 2>/dev/null || :
}

# It fails at the first of its commands that does, and exit 4 skips it.
run_test() {
	tmp=$(mktemp -d)
	(
		set -e
		trap clean_up EXIT
		"$1"
	) </dev/null >"$tmp/log" 2>&1 9>&-
	result $? "$(echo "$1" | tr _ ' ')" "$tmp/log"
	rm -rf "$tmp"
}

# Every function of the script whose name is a sentence: names of one or two words are helpers.
run_tests() {
	# shellcheck disable=SC2046 # names hold no blanks
	set -- $(sed -n 's/^\([a-z0-9]*\(_[a-z0-9]*\)\{2,\}\)() {$/\1/p' "$0")
	plan $#
	for test; do
		run_test "$test"
	done
	conclude
}

# --- what they look with

# exits CODE COMMAND...: it ends with this code; what it says is in $tmp/said.
exits() {
	want=$1 code=0
	shift
	"$@" >"$tmp/out" 2>"$tmp/said" || code=$?
	[ "$code" = "$want" ] && return
	echo "'$*' exits with $code, not $want, and says: $(cat "$tmp/said")"
	return 1
}

says() {
	grep -q -e "$1" "$tmp/said" && return
	echo "not said: '$1'; but: $(cat "$tmp/said")"
	return 1
}

# until_true COMMAND...: look until it succeeds, for ten seconds.
until_true() {
	tries=200
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		if [ "$tries" = 0 ]; then
			echo "it did not come to be: $*"
			return 1
		fi
		sleep 0.05
	done
}

has_ended() {
	! grep -q '^State:.[^Z]' "/proc/$1/status"
}
