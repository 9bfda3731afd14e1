#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Shows, inside the VM, what msgpass does; exits 0 if all of it came out as it should.
# /files has big, a real file of more than 100 MB, and exchange, a C program. The one
# argument says whether somebody watches: --progress or --no-progress.
set -u
progress=$1
failed=0
cd /tmp || exit

scene() { printf '\n=== %s\n' "$*"; }
say() { printf '    %s\n' "$*"; }

# Prints a command as somebody would type it, then runs it.
run() {
	printf '  $ %s\n' "$*"
	eval "$*"
}

# as USER COMMAND...: the same as another user.
as() {
	local user=$1
	shift
	printf '  %s$ %s\n' "$user" "$*"
	su "$user" -c "$*"
}

expect() {
	local what=$1
	shift
	if "$@"; then
		say "ok: $what"
	else
		say "FAILED: $what"
		failed=$((failed + 1))
	fi
}

# until_stat BOX FIELD VALUE: wait until the box shows it, for 20 s at most.
until_stat() {
	for _ in $(seq 400); do
		[ "$(msgpass stat "$1" | sed -n "s/^$2 *//p")" != "$3" ] || return 0
		usleep 50000
	done
	return 1
}

scene "One mailbox, three senders, three receivers"
say "Each message reaches exactly one of those who wait, in the order in which they wait."
run msgpass create --mode 0660 --group family letters
for child in child1 child2 child3; do
	su $child -c 'msgpass recv --message --count 2 letters' >$child.got &
	until_stat letters receivers_waiting ${child#child}
	say "$child waits at the box"
done
for letter in 1 2; do
	for parent in father mother grandmother; do
		as $parent "echo 'letter $letter from $parent' | msgpass send --message letters"
	done
done
wait
for child in child1 child2 child3; do
	sed "s/^/    $child took: /" $child.got
done
for letter in 1 2; do
	for parent in father mother grandmother; do echo "letter $letter from $parent"; done
done | sort >sent
sort child?.got >got
expect "six letters sent, the same six received, each once" cmp -s sent got

scene "A second box, which only one child may open"
run msgpass create --owner mother --group child2 --mode 0640 secret
as mother "echo 'the cake is in the cellar' | msgpass send --message secret"
for child in child1 child3; do
	as $child "msgpass recv --message secret"
	expect "$child is refused" [ $? -eq 6 ]
done
as child2 "msgpass recv --message secret" | tee got
expect "child2 reads it" grep -q cellar got

scene "Two processes, addressed by their pids"
run /files/exchange '| tee said'
expect "each heard the other" [ "$(wc -l <said)" -eq 2 ]

size=$(wc -c </files/big)
sum=$(sha256sum </files/big | cut -d' ' -f1)
scene "A file of $((size / 1000000)) MB through a mailbox"
run msgpass create parcels
say "sent:     $sum"
(msgpass recv --quiet parcels | sha256sum | cut -d' ' -f1 >got) &
run "msgpass send $progress parcels </files/big"
wait
say "received: $(cat got)"
expect "the same" [ "$(cat got)" = "$sum" ]

scene "The same file to a process, by its pid"
say "sent:     $sum"
mkfifo pipe
sha256sum <pipe >got &
msgpass recv --quiet --any >pipe &
receiver=$!
run "msgpass send $progress --pid $receiver </files/big"
wait
say "received: $(cut -d' ' -f1 got)"
expect "the same" [ "$(cut -d' ' -f1 got)" = "$sum" ]

scene "A full mailbox blocks its sender"
run msgpass create --capacity 2 small
run 'echo one | msgpass send --message small'
run 'echo two | msgpass send --message small'
run 'echo three | msgpass send --message small &'
expect "the third sender waits for room" until_stat small senders_waiting 1
run msgpass ls
run 'msgpass recv --message small'
expect "one received, so the sender goes on" wait $!

scene "Unless it would rather not wait"
run 'echo four | msgpass send --message --nonblock small'
expect "EAGAIN, exit status 3" [ $? -eq 3 ]

scene "Rendezvous: a mailbox that holds nothing"
run msgpass create --capacity 0 meeting
run 'echo "are you there?" | msgpass send --message meeting &'
expect "the sender waits for a receiver" until_stat meeting senders_waiting 1
run 'msgpass recv --message meeting'
expect "and goes on when one has the message" wait $!

scene "A call and its reply"
run msgpass create sums
run 'msgpass serve --quiet sums -- bc &'
server=$!
run 'echo "6 * 7" | msgpass call sums | tee got'
expect "the server's reply" [ "$(cat got)" = 42 ]
run "kill $server"
wait $server
run 'echo "6 * 7" | msgpass call --timeout 0.2 sums'
expect "without a server there is none in time: exit status 4" [ $? -eq 4 ]

# bound_to PID: wait until the mailbox is bound to this process.
bound_to() { until_stat shop bound_pid "$1" 2>/dev/null; }

scene "A mailbox that dies with its process"
mkfifo go
run 'msgpass create --bound shop -- msgpass serve --quiet shop -- rev &'
first=$!
bound_to $first
run 'echo olleh | msgpass call shop'
run 'sh -c "read -r go <go; exec msgpass accept shop -- msgpass serve --quiet shop -- rev" &'
second=$!
run "msgpass give --pid $second shop"
run "echo >go"
expect "the second server has accepted it" bound_to $second
run "kill -9 $first"
wait $first
run 'echo olleh | msgpass call shop | tee got'
expect "the first is dead, the second serves" [ "$(cat got)" = hello ]
run "kill -9 $second"
wait $second
run msgpass stat shop
expect "and with the second the mailbox is gone" [ $? -eq 5 ]

scene "Any unused port"
port=
# shellcheck disable=SC2016 # run expands it
run 'port=$(msgpass create 0)'
run "echo 'on port $port' | msgpass send --message $port"
run "msgpass recv --message $port"
expect "a number from 1024 up" [ "$port" -ge 1024 ]

scene "The file again, as one message that no buffer holds"
say "It flows from the sender's memory into the receiver's, while the sender waits."
run msgpass create --capacity 1 --message-max 4096 narrow
say "sent:     $sum"
(msgpass recv --quiet narrow | sha256sum | cut -d' ' -f1 >got) &
run "msgpass send --flow --quiet narrow </files/big"
expect "all of it was received when the send returned" [ $? -eq 0 ]
wait
say "received: $(cat got)"
expect "the same" [ "$(cat got)" = "$sum" ]

scene "Did it arrive?"
run msgpass create news
run 'echo "dinner is ready" | msgpass send --message --receipt --quiet news &'
until_stat news queued 1
run 'msgpass recv --message news'
expect "received, says the receipt" wait $!
run 'echo "dinner is cold" | msgpass send --message --lifetime 0.2 --tries 2 news'
expect "dropped, twice, because nobody received it in time: exit status 11" [ $? -eq 11 ]

scene "An open file in a message"
say "The log is father's; child1 may write to it, because he was sent it."
touch log && chown father log && chmod 600 log
run msgpass create --mode 0666 desk
as father 'msgpass send --message --fd 3 desk 3>>/tmp/log </dev/null'
as child1 "msgpass recv --fds desk -- sh -c 'echo I was here >&3'"
run cat log
expect "child1 wrote to it" grep -q "I was here" log

scene "One to many"
run msgpass create --broadcast announcements
for child in child1 child2 child3; do
	msgpass recv --quiet --message announcements >$child.got &
	until_stat announcements receivers_waiting ${child#child}
done
run 'echo "the shop closes at six" | msgpass send --message announcements'
wait
cat child?.got
expect "each of the three got it" [ "$(cat child?.got | sort | uniq -c | awk '{ print $1 }')" = 3 ]

scene "Two who would wait for each other for ever"
mkfifo turn
sh -c 'read -r other <turn; exec msgpass recv --pid $other' &
second=$!
run "msgpass recv --pid $second &"
first=$!
until_stat --pid=$first receivers_waiting 1
say "$second does: msgpass recv --pid $first"
echo $first >turn
wait $second
expect "the second is refused: EDEADLK, exit status 12" [ $? -eq 12 ]
wait $first
run msgpass rm letters secret parcels small meeting sums narrow news desk announcements "$port"

printf '\n'
[ $failed -eq 0 ] || say "$failed of these went wrong"
[ $failed -eq 0 ]
