# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# who finds no message, or no room, is told at once

predict() {
	say "Bob receives from an empty mailbox and gets what the textbook calls the null
		message: here the error EAGAIN. Alice sends to a full one and gets the same."
}

experiment() {
	box --capacity 1 lab-tray
	as bob 'msgpass recv --nonblock lab-tray'
	ends bob 3
	as alice 'msgpass send --message --nonblock lab-tray' 'one'
	ends alice
	as alice 'msgpass send --message --nonblock lab-tray' 'two'
	ends alice 3
	as bob 'msgpass recv --nonblock lab-tray'
	ends bob
}

sources() {
	source_of msgpass_port_send "no room, and she would not wait: EAGAIN"
	source_of msgpass_port_receive "no message, and he would not wait: EAGAIN"
}

question() {
	say "A receive that does not block meets a mailbox of capacity 0, at which a sender
		waits. Does it get the message?"
}

variant() {
	box --capacity 0 lab-tray
	as alice 'msgpass send lab-tray' 'here I am'
	until_box lab-tray senders_waiting 1 "alice waits for a receiver"
	as bob 'msgpass recv --nonblock lab-tray'
	ends bob
	ends alice
	as alice 'msgpass send --message --nonblock lab-tray' 'and now?'
	ends alice 3
}

answer() {
	say "Yes: the message is there, as its sender is. The other way round, a send that does
		not block succeeds at capacity 0 only when a receiver is waiting."
	source_of takes_at_once "for who would not wait"
}
