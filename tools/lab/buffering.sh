# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# zero, bounded and unbounded capacity, and how far a sender gets

predict() {
	say "Alice sends four messages to a mailbox from which nobody receives. With capacity 0
		not even the first leaves her hands, with capacity 2 she waits with the third, and
		with no limit she ends."
}

experiment() {
	box --capacity 0 lab-zero
	box --capacity 2 lab-bounded
	box --capacity unlimited lab-unbounded
	as alice 'seq 4 | msgpass send --lines lab-zero'
	until_box lab-zero senders_waiting 1 "at capacity 0 she waits with the first"
	as betty 'seq 4 | msgpass send --lines lab-bounded'
	until_box lab-bounded senders_waiting 1 "at capacity 2 she waits"
	expect "with the third" stat_is 2 queued lab-bounded
	as carol 'seq 4 | msgpass send --lines lab-unbounded'
	ends carol
	expect "without a limit all four are in it" stat_is 4 queued lab-unbounded
	run 'msgpass ls'
}

sources() {
	source_of has_room "the three cases"
	source_of send_and_wait "no room ever: a rendezvous"
	source_of msgpass_port_send "no room now: wait for it"
}

question() {
	say "No computer's memory is unlimited. What stops a sender at an unlimited mailbox?"
}

variant() {
	is_root || return
	box --capacity unlimited --capacity-bytes unlimited --mode 0622 lab-unbounded
	run 'msgpass info'
	# shellcheck disable=SC2016 # run expands it
	run 'for i in $(seq 70); do printf "%0999999d\n" $i; done >lines'
	as carol "su nobody -s /bin/sh -c 'msgpass send --lines lab-unbounded' <lines"
	ends carol 7
}

answer() {
	say "The quota of the user who sends: user_bytes_max of kernel memory, for all his
		messages together, until they are received. Who would exceed it is told EDQUOT and
		never waits, as nothing says that there will be room. Root may exceed it."
	source_of msgpass_account_charge "each message is paid for before it is queued"
}
