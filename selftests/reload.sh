#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module goes and comes back a hundred times while it is used: four processes open the
# device, send and receive, and close it again. Whatever is left behind at rmmod shows in the
# kernel's log, where the module says so, and so does a crash.

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"

# Of what helper_reload says.
figure() {
	echo "$told" | sed "s/.*\<$1 \([0-9]*\).*/\1/"
}

need_vm
plan 4
read -r parameters </vm/modparams
told=$(./helper_reload 100 "/usr/lib/modules/$(uname -r)/updates/msgpass.ko" "$parameters")
echo "# $told"
[ "$(figure reloaded)" = 100 ]
result $? "the module was unloaded and loaded a hundred times"
[ "$(figure busy)" -gt 0 ]
result $? "it did not go while it was in use"
[ "$(figure sent)" -gt 100 ] && [ "$(figure received)" -gt 100 ]
result $? "it was used all the while"
[ "$(figure wrong)" = 0 ]
result $? "who used it saw it there or not there, and nothing else"
conclude
