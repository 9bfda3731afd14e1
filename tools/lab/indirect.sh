# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# both name a mailbox, and need not know each other

predict() {
	say "Alice puts a message into a mailbox, and ends. Bob, who begins after that, finds
		it. Neither has ever known the other's pid."
}

experiment() {
	box lab-letters
	as alice 'msgpass send lab-letters' 'to whom it may concern'
	ends alice
	until_box lab-letters queued 1 "alice has ended, her message is in the mailbox"
	as bob 'msgpass recv lab-letters'
	ends bob
	expect "bob has it" printed bob 'to whom it may concern'
}

sources() {
	source_of msgpass_mailbox_find "name to mailbox"
	source_of accept_message "the message gets its number and its place"
	source_of msgpass_port_receive "bob takes the first that is there"
	source_of msgpass_port_settle "bob has it: the place is free"
}

question() {
	say "Bob and carol both receive from the mailbox when one message comes. Who gets it?"
}

variant() {
	box lab-letters
	as bob 'msgpass recv lab-letters'
	until_box lab-letters receivers_waiting 1 "bob waits"
	as carol 'msgpass recv lab-letters'
	until_box lab-letters receivers_waiting 2 "carol waits behind him"
	as alice 'msgpass send lab-letters' 'for one of you'
	ends alice
	ends bob
	until_box lab-letters receivers_waiting 1 "carol still waits"
	run 'msgpass rm lab-letters'
	ends carol 8
}

answer() {
	say "One of them, and it is the one who has waited longest. The textbook lets the system
		choose; this is its choice."
	source_of offer "hands it to the first waiter whom it suits"
}
