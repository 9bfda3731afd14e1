#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the command shows of what goes on: who waits for whom, and what goes through.
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

# Its receiver has a piece of it, and nobody reads what that writes.
a_flow_waits_for_who_receives_the_rest() {
	msgpass create "$box"
	head -c 3M /dev/zero >"$tmp/film"
	msgpass send --flow --quiet "$box" <"$tmp/film" &
	sender=$!
	msgpass recv "$box" 2>/dev/null | sleep 60 &
	children="$children $sender $!"
	shows "^  $sender (msgpass) waits for the rest of its message to be received by process [0-9]*,"
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

# --- top

# row COLUMN: of our box, in the last sample that was printed
row() {
	awk -v name="$box" -v column="$1" '$NF == name { value = $column } END { print value }' "$tmp/top"
}

top_tells_what_is_queued_and_how_old_it_is() {
	msgpass create "$box"
	printf '1\n2\n' | msgpass send --lines "$box"
	msgpass top --batch -n 2 --interval 0.1 --sort age >"$tmp/top" || return
	[ "$(grep -c '^msgpass top - .* sorted by age$' "$tmp/top")" = 2 ] || return
	[ "$(row 1)" = box ] || return
	[ "$(row 5)" = 2 ] || return
	[ "$(row 8)" != 0.0s ]
}

top_tells_how_much_goes_through_in_a_second() {
	msgpass create "$box"
	in_background sh -c "yes | msgpass send --lines $box"
	in_background msgpass recv --message -n 1000000000 "$box"
	tries=20
	until msgpass top --batch -n 1 --interval 0.5 >"$tmp/top" && [ "$(row 2)" -gt 0 ] &&
		[ "$(row 3)" -gt 0 ] && [ "$(row 4)" -gt 0 ]; do
		tries=$((tries - 1))
		[ "$tries" != 0 ] || { cat "$tmp/top"; return 1; }
	done
}

top_tells_of_inboxes_and_links_too() {
	in_background sh -c "msgpass send --pid \$\$ --message </dev/null; exec sleep 60"
	until_listed "$!"
	msgpass top --batch -n 1 --interval 0.1 >"$tmp/top" || return
	grep -q "^inbox .* $!\$" "$tmp/top" || return
	grep -q "^link .* [0-9]*->$!\$" "$tmp/top"
}

until_listed() {
	tries=100
	until msgpass stat --pid "$1" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" != 0 ] || return 1
		sleep 0.1
	done
}

# 4: this msgpass can't draw
needs_a_screen() {
	! msgpass top 2>&1 </dev/null | grep -q 'without ncurses' || return 4
}

top_draws_on_a_terminal_until_q() {
	needs_a_screen || return
	msgpass create "$box"
	TERM=vt100 ./helper_pty 100 30 sq msgpass top >"$tmp/top" || return
	grep -q 'sorted by rate' "$tmp/top" || return
	grep -q 'queued' "$tmp/top" || return
	grep -q "$box" "$tmp/top"
}

a_terminal_that_is_too_small_is_told() {
	needs_a_screen || return
	code=0
	TERM=vt100 ./helper_pty 40 10 q msgpass top >"$tmp/top" || code=$?
	[ "$code" = 1 ] || return
	grep -q 'top needs 72 columns and 5 lines, and the terminal has 40 and 10' "$tmp/top"
}

what_is_no_terminal_is_told() {
	needs_a_screen || return
	code=0
	msgpass top 2>"$tmp/said" </dev/null || code=$?
	[ "$code" = 1 ] && grep -q 'this is none; use --batch' "$tmp/said" || return
	code=0
	TERM=nonsense ./helper_pty 100 30 q msgpass top >"$tmp/top" || code=$?
	[ "$code" = 1 ] && grep -q "type 'nonsense'; set TERM" "$tmp/top"
}

another_sort_key_is_told() {
	code=0
	msgpass top --batch --sort size 2>"$tmp/said" || code=$?
	[ "$code" = 2 ] && grep -q 'takes rate, queued, age, waiting or name' "$tmp/said"
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
	elif [ "$status" = 4 ]; then
		echo "ok $number - $(echo "$1" | tr _ ' ') # SKIP built without ncurses"
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
	names_of_mailboxes_are_quoted_for_graphviz a_wrong_command_line_is_told
	top_tells_what_is_queued_and_how_old_it_is top_tells_how_much_goes_through_in_a_second
	top_tells_of_inboxes_and_links_too top_draws_on_a_terminal_until_q
	a_terminal_that_is_too_small_is_told what_is_no_terminal_is_told
	another_sort_key_is_told"
echo "1..$(echo "$tests" | wc -w)"
for test in $tests; do
	run "$test"
done
exit $failed
