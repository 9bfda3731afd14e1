# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# a mailbox of a process, which dies with it

predict() {
	say "The mailbox is bound to bob, who receives from it. Alice's message finds no room,
		so she waits. Bob is killed, and cannot tidy up: the mailbox goes with him, and
		alice is told."
}

experiment() {
	as bob 'msgpass create --bound --capacity 1 lab-desk -- sleep 1000'
	until_box lab-desk bound_pid "$bob" "the mailbox is bound to bob"
	as alice "seq 2 | msgpass send --lines lab-desk"
	until_box lab-desk senders_waiting 1 "alice waits for room"
	kills bob
	ends alice 8
	as carol 'msgpass stat lab-desk'
	ends carol 5
}

sources() {
	source_of mailbox_bound_died "the owner's death deletes the mailbox"
	source_of msgpass_port_close "drops its messages, and ends all waits"
}

question() {
	say "May bob hand the mailbox over to carol, with the messages in it, before he dies?"
}

variant() {
	as bob 'msgpass create --bound lab-desk -- sleep 1000'
	until_box lab-desk bound_pid "$bob" "the mailbox is bound to bob"
	as alice 'msgpass send lab-desk' 'for whoever owns it'
	ends alice
	born carol
	run "msgpass give --pid $carol lab-desk"
	as carol 'msgpass accept lab-desk -- sh -c "msgpass recv lab-desk; exec sleep 1000"'
	until_box lab-desk bound_pid "$carol" "now it is bound to carol"
	until_box lab-desk received 1 "and she reads what alice has sent"
	kills bob
	expect "the mailbox has outlived bob" stat_is 0 queued lab-desk
	kills carol
}

answer() {
	say "She has to accept it: nobody becomes an owner against their will. From then on it
		lives and dies with carol. A mailbox that is not bound is the system's: it lives
		until somebody deletes it."
	source_of msgpass_mailbox_accept "changes the owner"
}
