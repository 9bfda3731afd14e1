# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# a procedure in another process

predict() {
	say "Alice calls, and waits: for her it is as if she had called a function. The server
		receives the call, works, and replies to that very call, whoever else has called
		meanwhile."
}

experiment() {
	box lab-adder
	as server 'msgpass serve --count 2 lab-adder -- bc'
	until_box lab-adder receivers_waiting 1 "the server waits for calls"
	as alice 'msgpass call lab-adder' '6 * 7'
	ends alice
	expect "alice has the result" printed alice 42
	as carol 'msgpass call lab-adder' '2 + 2'
	ends carol
	expect "and carol has hers" printed carol 4
	ends server
}

sources() {
	source_of msgpass_call_new "the call, with alice waiting in it"
	source_of msgpass_call_take "the server has received it, and gets a token"
	source_of msgpass_call_reply "the token says which call the reply is for"
	source_of msgpass_call_wait "alice goes on with the reply"
}

question() {
	say "The server dies between the call and the reply. How long does alice wait?"
}

variant() {
	box lab-adder
	as server 'msgpass serve lab-adder -- sleep 1000'
	until_box lab-adder receivers_waiting 1 "the server waits for calls"
	as alice 'msgpass call lab-adder' '6 * 7'
	until_box lab-adder received 1 "the server has the call"
	kills server
	ends alice 8
}

answer() {
	say "Not at all: a call that its server leaves unanswered, by dying or by giving it up,
		ends with EPIPE. A function either returns or is told that it never will."
	source_of msgpass_call_party_exit "ends the calls that a process has taken"
}
