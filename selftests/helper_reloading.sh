# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the scripts share that unload the module, and with it whatever mailboxes there are: so
# they run in the test VM alone.

# plan NUMBER: so many results are to come.
plan() {
	if [ ! -e /vm/modparams ] || [ "$(id -u)" != 0 ]; then
		echo "1..0 # SKIP it is for the test VM"
		exit 4
	fi
	echo "TAP version 13"
	echo "1..$1"
	number=0 failed=0
}

# result STATUS SENTENCE
result() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

conclude() {
	exit "$failed"
}
