#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the command shows of what goes on: who waits for whom.
#
# Every test is a function, and its name the sentence that the result line says. Whatever it
# waits for, it waits for by looking, and for a bounded time.
#
# The functions are called by their names' being listed:
# shellcheck disable=SC2317

[ -z "$MSGPASS" ] || PATH=$(dirname "$(realpath "$MSGPASS")"):$PATH
box=views-test-$$

# shows PATTERN: msgpass graph comes to show it, within ten seconds.
shows() {
	tries=100
	until msgpass graph >"$tmp/graph" && grep -q -e "$1" "$tmp/graph"; do
		tries=$((tries - 1))
		if [ "$tries" = 0 ]; then
			echo "not shown: '$1'; but:"
			cat "$tmp/graph"
			return 1
		fi
		sleep 0.1
	done
}

# in_background COMMAND...: started, and ended with the test
in_background() {
	"$@" >/dev/null 2>&1 </dev/null &
	children="$children $!"
}

nobody_waits() {
	shows '^nobody waits that can be seen$' || return
	[ "$(msgpass graph --json)" = '[]' ] || return
	msgpass graph --dot | grep -q '^digraph waits {$'
}

a_receiver_waits_in_a_mailbox() {
	msgpass create "$box"
	in_background msgpass recv "$box"
	shows "^  $! (msgpass) waits for a message from mailbox '$box', since [0-9.]* s$"
}

a_sender_waits_for_room_until_its_deadline() {
	msgpass create --capacity 1 "$box"
	echo one | msgpass send "$box"
	in_background msgpass send --timeout 60 "$box"
	shows "^  $! (msgpass) waits for room to send to mailbox '$box', .* for [0-9.]* s more$"
}

a_sender_waits_for_a_rendezvous() {
	msgpass create "$box"
	in_background msgpass send --synchronous "$box"
	shows "^  $! (msgpass) waits for its message to be received by mailbox '$box',"
}

a_caller_waits_for_the_server_that_has_the_call() {
	in_background msgpass serve --any -- sleep 60
	server=$!
	shows "^  $server (msgpass) waits for a message from anyone,"
	in_background msgpass call --pid "$server"
	shows "^  $! (msgpass) waits for the reply of process $server,"
}

# Each receives from the other: a deadline keeps the kernel from refusing the second.
two_wait() {
	in_background sh -c "while [ ! -s $tmp/second ]; do sleep 0.05; done
		exec msgpass recv --timeout 60 --pid \$(cat $tmp/second)"
	first=$!
	in_background msgpass recv --timeout 60 --pid "$first"
	second=$!
	echo "$second" >"$tmp/second.new"
	mv "$tmp/second.new" "$tmp/second"
}

those_who_wait_for_each_other_are_a_cycle() {
	two_wait
	shows "^\* cycle: [0-9]* -> [0-9]* -> [0-9]*$" || return
	shows "^\* $first (msgpass) waits for a message from process $second," || return
	shows "^\* $second (msgpass) waits for a message from process $first," || return
	[ "$(grep -c cycle: "$tmp/graph")" = 1 ] || return
	msgpass graph --json >"$tmp/json"
	[ "$(grep -c '"in_cycle": true' "$tmp/json")" = 2 ] || return
	msgpass graph --dot >"$tmp/dot"
	[ "$(grep -c -e '->.*color=red' "$tmp/dot")" = 2 ]
}

who_waits_for_a_cycle_is_not_in_it() {
	two_wait
	shows cycle: || return
	in_background msgpass recv --timeout 60 --pid "$first"
	shows "^  $! (msgpass) waits for a message from process $first,"
}

names_of_mailboxes_are_quoted_for_graphviz() {
	box=$(printf '%s"q' "$box")
	msgpass create "$box"
	in_background msgpass recv "$box"
	shows 'mailbox' || return
	msgpass graph --dot >"$tmp/dot"
	grep -q 'label="views-test-[0-9]*\\"q"' "$tmp/dot"
}

a_wrong_command_line_is_told() {
	code=0
	msgpass graph --dot --json 2>"$tmp/said" || code=$?
	[ "$code" = 2 ] && grep -q 'choose --dot or --json' "$tmp/said"
}

# --- running them

clean_up() {
	for child in $children; do
		kill -9 "$child" 2>/dev/null
	done
	msgpass rm "$box" 2>/dev/null
}

run() {
	(
		children=
		trap clean_up EXIT
		set -u
		rm -f "$tmp/second"
		"$1"
	) >"$tmp/log" 2>&1
	status=$?
	number=$((number + 1))
	if [ "$status" = 0 ]; then
		echo "ok $number - $(echo "$1" | tr _ ' ')"
	else
		sed 's/^/# /' "$tmp/log"
		echo "not ok $number - $(echo "$1" | tr _ ' ')"
		failed=1
	fi
}

echo "TAP version 13"
if [ "$(id -u)" != 0 ] || [ ! -e /dev/msgpass ]; then
	echo "1..0 # SKIP it takes root and the module"
	exit 4
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
number=0 failed=0
tests="nobody_waits a_receiver_waits_in_a_mailbox a_sender_waits_for_room_until_its_deadline
	a_sender_waits_for_a_rendezvous a_caller_waits_for_the_server_that_has_the_call
	those_who_wait_for_each_other_are_a_cycle who_waits_for_a_cycle_is_not_in_it
	names_of_mailboxes_are_quoted_for_graphviz a_wrong_command_line_is_told"
echo "1..$(echo "$tests" | wc -w)"
for test in $tests; do
	run "$test"
done
exit $failed
