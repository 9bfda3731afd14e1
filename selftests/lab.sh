#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The experiments of msgpass lab: each runs to its end, which it does only if all came out as
# it says, and the recording that its diagram is drawn from has the events in the order in
# which they belong. Where the kernel has no tracepoints only the first is tested.
#
# Words hold no blanks, and awk is to see its dollars:
# shellcheck disable=SC2086,SC2016

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"

# expected NAME: per line what is to be found in the recording after the line before it: who
# acts, the event, and some of its fields. The answer's recording comes after "answer".
expected() {
	case $1 in
	direct) cat <<-'EOT' ;;
		alice queue queued=1
		bob receive length=11
		answer
		alice queue queued=1
		* drop reason=died
		carol fail ioctl=send error=3
	EOT
	symmetric) cat <<-'EOT' ;;
		alice wait what=message
		carol queue queued=1
		bob hand_off
		bob wake what=message result=0
		alice receive length=15
		answer
		alice wait what=message
		* wake what=message result=32
	EOT
	asymmetric) cat <<-'EOT' ;;
		alice queue queued=1
		carol queue queued=2
		bob receive sequence=1
		bob receive sequence=2
	EOT
	links) cat <<-'EOT' ;;
		alice link_new
		alice wait what=room
		carol link_new
		carol queue
		bob receive
	EOT
	indirect) cat <<-'EOT' ;;
		you mailbox_new name=lab-letters
		alice queue queued=1
		bob receive length=23
		answer
		bob wait what=message
		carol wait what=message
		alice hand_off
		bob receive
		you mailbox_gone
	EOT
	ownership) cat <<-'EOT' ;;
		* mailbox_new flags=bound
		alice queue queued=1
		alice wait what=room
		* drop reason=deleted
	EOT
	blocking) cat <<-'EOT' ;;
		alice queue queued=1
		alice wait what=room
		bob receive sequence=1
		bob receive sequence=2
		bob wait what=message
		alice hand_off sequence=3
		bob receive sequence=3
		answer
		bob wait what=message
		bob cancel what=message error=110
		alice queue
		you receive
	EOT
	nonblocking) cat <<-'EOT' ;;
		bob fail ioctl=receive error=11
		alice queue queued=1
		alice fail ioctl=send error=11
		bob receive
		answer
		alice wait what=rendezvous
		bob receive
		alice fail ioctl=send error=11
	EOT
	rendezvous) cat <<-'EOT' ;;
		alice queue
		alice wait what=rendezvous
		bob receive length=12
		bob wake what=rendezvous result=0
		answer
		bob wait what=message
		alice hand_off
		bob receive length=12
	EOT
	buffering) cat <<-'EOT' ;;
		alice wait what=rendezvous
		betty queue queued=2
		betty wait what=room
		carol queue queued=4
	EOT
	producer) cat <<-'EOT' ;;
		producer queue queued=2
		producer wait what=room
		consumer receive sequence=1
		consumer receive sequence=2
		consumer receive sequence=6
		answer
		consumer wait what=message
		producer hand_off sequence=1
		consumer receive sequence=3
	EOT
	fairness) cat <<-'EOT' ;;
		receiver1 wait what=message
		receiver2 wait what=message
		receiver3 wait what=message
		sender1 hand_off sequence=1
		sender2 hand_off sequence=2
		sender3 hand_off sequence=3
		answer
		receiver2 wait what=message
		receiver2 cancel
		sender2 hand_off sequence=2
		receiver3 receive sequence=2
	EOT
	flow) cat <<-'EOT' ;;
		alice send flags=synchronous|flow
		bob receive sequence=1
		alice wait what=flow
		bob wake what=flow result=0
	EOT
	receipts) cat <<-'EOT' ;;
		alice queue queued=1
		* drop reason=expired
		alice queue queued=1
		* drop reason=expired
		bob receive
		answer
		alice queue queued=1
		you drop reason=deleted
	EOT
	call) cat <<-'EOT' ;;
		alice call
		server take
		server reply
		carol call
		server take
		server reply
		answer
		server take
		* call_over error=32
	EOT
	deadlock) cat <<-'EOT' ;;
		alice wait what=message
		bob fail ioctl=receive error=35
		* wake what=message result=32
		answer
		carol wait what=message
		carol cancel what=message error=110
	EOT
	signal) cat <<-'EOT' ;;
		alice queue queued=1
		worker receive length=19
		answer
		alice hand_off
		bob receive
		alice queue queued=1
		worker receive
	EOT
	esac
}

# in_order FILE: its events have those of the lines of stdin among them, in that order.
in_order() {
	awk '
	function is_next(i, words) {
		words = split(expected[found + 1], word)
		if ((word[1] != "*" && word[1] != $2) || word[2] != $4)
			return 0
		for (i = 3; i <= words; i++)
			if (index($0 " ", " " word[i] " ") == 0)
				return 0
		return 1
	}
	FNR == NR { expected[++count] = $0; next }
	# An error is one, with its sign or without it.
	{ gsub(/=-/, "=") }
	found < count && is_next() { found++ }
	END {
		if (found < count)
			print "after " found + 0 " events there is no: " expected[found + 1]
		exit found < count
	}' - "$1" && return
	cat "$1"
	return 1
}

# part NAME experiment|variant: what is expected of it.
part() {
	expected "$1" | awk -v want="$2" 'BEGIN { part = "experiment" }
		$1 == "answer" { part = "variant"; next }
		part == want'
}

recorded() {
	for steps in experiment variant; do
		[ -z "$(part "$1" $steps)" ] || part "$1" $steps | in_order "$kept/$1.$steps" || return
	done
}

test_experiment() {
	timeout 100 msgpass lab $answer "$1" >"$kept/log" 2>&1 </dev/null
	result $? "$1 comes out as predicted" "$kept/log"
	if [ -z "$answer" ] || grep -q 'No diagram: .*built without' "$kept/log"; then
		sed -n 's/^    No diagram: //p;T;q' "$kept/log" >"$kept/why"
		result 4 "$1 is recorded in its order" "$kept/why"
	else
		recorded "$1" >>"$kept/log" 2>&1
		result $? "$1 is recorded in its order" "$kept/log"
	fi
}

need_module
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
export MSGPASS_RECORDINGS="$kept"
# Slow kernels have none, and are spared the second half.
answer=--answer
[ -d /sys/kernel/tracing/events/msgpass ] || answer=""
names=$(msgpass lab | sed -n 's/^  \([a-z]*\)  .*/\1/p')
set -- $names
plan $(($# * 2 + 3))
for name; do
	test_experiment "$name"
done
msgpass lab nosuch >"$kept/log" 2>&1
[ $? = 2 ] && grep -q "there is no experiment 'nosuch'" "$kept/log"
result $? "another is refused" "$kept/log"
MSGPASS_LAB=/nowhere msgpass lab >"$kept/log" 2>&1
[ $? = 5 ] && grep -q "/nowhere/run.sh: No such file" "$kept/log"
result $? "experiments that are not there are told" "$kept/log"
msgpass ls --names | grep -q '^lab-'
[ $? = 1 ]
result $? "no mailbox is left"
conclude
