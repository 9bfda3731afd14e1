#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the command shows of what goes on: who waits for whom, and what goes through.
#
# Every test is a function, and its name the sentence that the result line says. Whatever it
# waits for, it waits for by looking, and for a bounded time.
#
# The functions are called by their names' being listed:
# shellcheck disable=SC2317

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"
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

in_background() {
	"$@" >/dev/null 2>&1 </dev/null &
}

nobody_waits_at_first() {
	shows '^nobody waits that can be seen$'
	[ "$(msgpass graph --json)" = '[]' ]
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
	shows "^  $server/[0-9]* (msgpass) waits for a message from anyone,"
	in_background msgpass call --pid "$server"
	shows "^  $! (msgpass) waits for the reply of process $server,"
}

# Its receiver has a piece of it, and nobody reads what that writes.
a_flow_waits_for_who_receives_the_rest() {
	msgpass create "$box"
	head -c 3145728 /dev/zero >"$tmp/film"
	msgpass send --flow --quiet "$box" <"$tmp/film" &
	sender=$!
	# shellcheck disable=SC2216 # that it reads nothing is the point
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
	shows "^\* cycle: [0-9]* -> [0-9]* -> [0-9]*$"
	shows "^\* $first (msgpass) waits for a message from process $second,"
	shows "^\* $second (msgpass) waits for a message from process $first,"
	[ "$(grep -c cycle: "$tmp/graph")" = 1 ]
	msgpass graph --json >"$tmp/json"
	[ "$(grep -c '"in_cycle": true' "$tmp/json")" = 2 ]
	msgpass graph --dot >"$tmp/dot"
	[ "$(grep -c -e '->.*color=red' "$tmp/dot")" = 2 ]
}

who_waits_for_a_cycle_is_not_in_it() {
	two_wait
	shows cycle:
	in_background msgpass recv --timeout 60 --pid "$first"
	shows "^  $! (msgpass) waits for a message from process $first,"
}

names_of_mailboxes_are_quoted_for_graphviz() {
	box=$(printf '%s"q' "$box")
	msgpass create "$box"
	in_background msgpass recv "$box"
	shows 'mailbox'
	msgpass graph --dot >"$tmp/dot"
	grep -q 'label="views-test-[0-9]*\\"q"' "$tmp/dot"
}

a_wrong_command_line_is_told() {
	exits 2 msgpass graph --dot --json
	says 'choose --dot or --json'
}

# --- top

# row COLUMN: of our box, in the last sample that was printed
row() {
	awk -v name="$box" -v column="$1" '$NF == name { value = $column } END { print value }' "$tmp/top"
}

top_tells_what_is_queued_and_how_old_it_is() {
	msgpass create "$box"
	printf '1\n2\n' | msgpass send --lines "$box"
	msgpass top --batch -n 2 --interval 0.1 --sort age >"$tmp/top"
	[ "$(grep -c '^msgpass top - .* sorted by age$' "$tmp/top")" = 2 ]
	[ "$(row 1)" = box ]
	[ "$(row 5)" = 2 ]
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
	until_true msgpass stat --pid "$!"
	msgpass top --batch -n 1 --interval 0.1 >"$tmp/top"
	grep -q "^inbox .* $!\$" "$tmp/top"
	grep -q "^link .* [0-9]*->$!\$" "$tmp/top"
}

need_screen() {
	! msgpass top 2>&1 </dev/null | grep -q 'without ncurses' || { echo "built without ncurses"; exit 4; }
}

top_draws_on_a_terminal_until_q() {
	need_screen
	msgpass create "$box"
	TERM=vt100 ./helper_pty 100 30 sq msgpass top >"$tmp/top"
	grep -q 'sorted by rate' "$tmp/top"
	grep -q 'queued' "$tmp/top"
	grep -q "$box" "$tmp/top"
}

a_terminal_that_is_too_small_is_told() {
	need_screen
	exits 1 env TERM=vt100 ./helper_pty 40 10 q msgpass top
	grep -q 'top needs 72 columns and 5 lines, and the terminal has 40 and 10' "$tmp/out"
}

what_is_no_terminal_is_told() {
	need_screen
	exits 1 msgpass top
	says 'this is none; use --batch'
	exits 1 env TERM=nonsense ./helper_pty 100 30 q msgpass top
	grep -q "type 'nonsense'; set TERM" "$tmp/out"
}

another_sort_key_is_told() {
	exits 2 msgpass top --batch --sort size
	says 'takes rate, queued, age, waiting or name'
}

# --- running them

need_module
run_tests
