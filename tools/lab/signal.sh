# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# a signal when a message arrives

predict() {
	say "The worker (tools/lab/worker.c) has asked for a signal, and works; it does not look
		whether there is a message. Alice sends one: the signal interrupts the work, and
		the worker receives, without having to wait."
}

experiment() {
	box lab-news
	as worker 'worker lab-news'
	until_true "the worker has begun" grep -qs working worker.out
	note "the worker works"
	as alice 'msgpass send lab-news' 'the lake is frozen'
	ends alice
	ends worker
	expect "it has the message" printed worker 'received: the lake is frozen'
}

sources() {
	source_of mailbox_fasync "fcntl(F_SETFL, O_ASYNC): from now on, signals"
	source_of msgpass_port_wake "raises the signal"
}

question() {
	say "Bob sleeps in a receive from the same mailbox when the message comes. Is the worker
		interrupted all the same?"
}

variant() {
	box lab-news
	as worker 'worker lab-news'
	until_true "the worker has begun" grep -qs working worker.out
	as bob 'msgpass recv lab-news'
	until_box lab-news receivers_waiting 1 "bob waits"
	as alice 'msgpass send lab-news' 'the first'
	ends alice
	ends bob
	expect "the worker still works" [ "$(wc -l <worker.out)" = 1 ]
	as alice 'msgpass send lab-news' 'the second'
	ends alice
	ends worker
}

answer() {
	say "No: the message was handed to bob, and never lay in the mailbox. A signal says that a
		message is there to be received."
	source_of offer "to bob"
}
