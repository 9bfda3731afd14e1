#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# run.sh [--answer] [--real] [NAME | all]: the experiments, or their list. "msgpass lab" runs
# it. An experiment is a file of functions: predict, experiment, sources and question, then
# variant and answer for --answer.
set -u
lab=$(cd "${0%/*}" && pwd)
names="direct symmetric asymmetric links indirect ownership blocking nonblocking rendezvous
	buffering producer fairness flow receipts call deadlock signal"
answer='' real=''

fail() {
	echo "msgpass lab: $1" >&2
	exit "${2:-1}"
}

title() {
	sed -n '3s/^# //p' "$lab/$1.sh"
}

list() {
	for name in $names; do
		printf '  %-12s %s\n' "$name" "$(title "$name")"
	done
	printf '\nmsgpass lab NAME runs one, msgpass lab NAME --answer answers its question.\n'
}

heading() {
	printf '\n%s\n' "$*"
}

# So that you have said what you expect before you see it.
pause() {
	[ -t 0 ] && [ -t 1 ] || return 0
	printf '    Enter to see what happens: '
	read -r _
	echo
}

# shows STEPS: do them, and draw what the tracepoints recorded meanwhile.
shows() {
	recording_begins
	"$1"
	recording_ends
	leave_nothing
	echo
	diagram "$1"
}

run_question() {
	heading Question
	question
	if [ -z "$answer" ]; then
		say "msgpass lab $chosen --answer tells, and shows it."
		return
	fi
	heading Answer
	shows variant
	answer
}

run_one() (
	chosen=$1
	# shellcheck source=/dev/null
	. "$lab/$chosen.sh"
	LAB_TMP=$(mktemp -d "${TMPDIR:-/tmp}/msgpass-lab.XXXXXX") || exit
	cd "$LAB_TMP" || exit
	# shellcheck source=/dev/null
	. "$lab/lab.sh"
	# shellcheck source=/dev/null
	. "$lab/recording.sh"
	trap 'recording_ends; leave_nothing; cd /; rm -rf "$LAB_TMP"' EXIT
	trap 'exit 1' INT TERM HUP
	printf '\n=== %s: %s\n' "$chosen" "$(title "$chosen")"
	heading Prediction
	predict
	pause
	heading Experiment
	shows experiment
	heading "In the sources"
	sources
	run_question
)

run_all() {
	status=0 failed=
	for name in $names; do
		run_one "$name" || { status=1; failed="$failed $name"; }
	done
	[ "$status" = 0 ] || fail "these went wrong:$failed"
}

# An experiment has a directory of its own, from where this is elsewhere.
# shellcheck disable=SC2034 # recording.sh keeps them there
find_kept() {
	kept=''
	[ -n "${MSGPASS_RECORDINGS-}" ] || return 0
	kept=$(cd "$MSGPASS_RECORDINGS" && pwd) || fail "MSGPASS_RECORDINGS names no directory; make it"
}

known() {
	for name in $names; do
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

# shellcheck disable=SC2034 # an experiment asks for real
for argument; do
	case $argument in
	--answer) answer=1 ;;
	--real) real=1 ;;
	*) break ;;
	esac
	shift
done
find_kept
case ${1-} in
'') list ;;
all) run_all ;;
*)
	known "$1" || fail "there is no experiment '$1'; see those that there are: msgpass lab" 2
	run_one "$1"
	;;
esac
