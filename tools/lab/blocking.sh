# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# who finds no message, or no room, waits

predict() {
	say "The mailbox holds one message. Alice sends two: she waits with the second until bob
		has taken the first. Then bob asks for a third, and waits until alice sends it."
}

experiment() {
	box --capacity 1 lab-tray
	as alice 'seq 2 | msgpass send --lines lab-tray'
	until_box lab-tray senders_waiting 1 "alice waits for room"
	as bob 'msgpass recv --count 3 lab-tray'
	ends alice
	until_box lab-tray receivers_waiting 1 "bob has the two, and waits for a third"
	as alice 'msgpass send lab-tray' '3'
	ends alice
	ends bob
	expect "bob has all three" printed bob 3
}

sources() {
	source_of sender_wait "alice sleeps in here"
	source_of admit "who frees a place puts the waiting message into it"
	source_of wait_for_message "bob sleeps in here"
	source_of msgpass_waiter_complete "and is woken with the message in his hands"
}

question() {
	say "Bob does not want to wait for ever. What does he get when his time is over, and
		what if a message comes just then?"
}

variant() {
	box --capacity 1 lab-tray
	as bob 'msgpass recv --timeout 0.1 lab-tray'
	ends bob 4
	as alice 'msgpass send lab-tray' 'too late'
	ends alice
	run 'msgpass recv lab-tray'
}

answer() {
	say "ETIMEDOUT, and he has received nothing. The deadline and the message are decided
		under one lock: either he has the message, or it is still in the mailbox. It is
		never lost between them."
	source_of wait_for_message "decides which it was"
}
