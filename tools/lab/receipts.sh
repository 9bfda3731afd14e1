# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# did it arrive? asking after an asynchronous send, and sending again

predict() {
	say "Alice sends a message that is worth nothing after a moment, and asks for a receipt.
		Nobody comes for it: it is dropped, and the receipt says so. Then she sends it
		again each time that it is dropped, until bob is there."
}

experiment() {
	box lab-fridge
	as alice 'msgpass send --receipt --lifetime 0.1 lab-fridge' 'dinner at six'
	ends alice 11
	as alice 'msgpass send --tries 100 --lifetime 0.1 lab-fridge' 'dinner at seven'
	until_true "a copy is dropped" dropped_again
	note "one copy was dropped, and another one sent"
	as bob 'msgpass recv lab-fridge'
	ends bob
	ends alice
	expect "bob has it, once" [ "$(wc -l <bob.out)" = 1 ]
}

# Besides that of the first message.
dropped_again() {
	[ "$("$tmp/bin/lab" stat lab-fridge | sed -n 's/^dropped  *//p')" -ge 2 ]
}

sources() {
	source_of msgpass_receipt_attach "a message that its sender will hear of"
	source_of msgpass_expiry_attach "and one that does not wait for ever"
	source_of msgpass_port_expire "its time is over: out of the queue"
	source_of receipt_ended "the receipt goes to the sender, as a message"
}

question() {
	say "The mailbox is deleted while a message is in it, and alice may send it ten times.
		Does she?"
}

variant() {
	box lab-fridge
	as alice 'msgpass send --tries 10 lab-fridge' 'dinner at eight'
	until_box lab-fridge queued 1 "the message is in the mailbox"
	run 'msgpass rm lab-fridge'
	ends alice 11
}

answer() {
	say "No: the receipt says why the message was dropped, and a mailbox that is gone is none
		to send to again. A second mailbox of that name would be another."
	source_of receipt_ended "tells why"
}
