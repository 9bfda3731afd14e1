# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# producer and consumer, with a bounded buffer between them

predict() {
	say "The buffer holds two. The producer makes six things, faster than the consumer comes
		for them: it gets ahead by two and waits. Neither counts places, locks or signals:
		the mailbox is the whole solution."
}

experiment() {
	box --capacity 2 lab-buffer
	as producer 'seq 6 | msgpass send --lines lab-buffer'
	until_box lab-buffer senders_waiting 1 "the buffer is full, the producer waits"
	as consumer 'msgpass recv --count 6 lab-buffer'
	ends producer
	ends consumer
	expect "in the order in which they were made" [ "$(tr '\n' ' ' <consumer.out)" = '1 2 3 4 5 6 ' ]
}

sources() {
	source_of sender_wait "the buffer is full: the producer sleeps"
	source_of admit_waiting "the consumer has made room: the next goes in"
	source_of wait_for_message "the buffer is empty: the consumer sleeps"
}

question() {
	say "Now the consumer comes first. What does it wait for, and how often is a thing copied
		into the buffer's memory and out again?"
}

variant() {
	box --capacity 2 lab-buffer
	as consumer 'msgpass recv --count 3 lab-buffer'
	until_box lab-buffer receivers_waiting 1 "the buffer is empty, the consumer waits"
	as producer 'seq 3 | msgpass send --lines lab-buffer'
	ends producer
	ends consumer
}

answer() {
	say "For a thing to be there. One that finds a consumer waiting does not queue: it is
		handed over, and the consumer wakes with it. Once in and once out is all."
	source_of offer "gives it to who waits"
}
