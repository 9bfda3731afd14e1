# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # run.sh sets lab
# What the experiments are written with. A role (alice, bob) is a process: as gives it a
# command, which it becomes, ends waits for that, and $alice is its pid. What an experiment
# waits for, it waits for by looking, and for a bounded time.

# The runner has made this directory, and removes it.
tmp=${LAB_TMP:?is set by run.sh}
boxes='' roles=''
msgpass=${MSGPASS:?is set by msgpass lab}
mkdir -p "$tmp/bin"
# What the lab itself asks for goes by its name, so that recordings can do without it.
ln -sf "$msgpass" "$tmp/bin/lab"

# --- what is said

# A paragraph.
say() {
	printf '%s\n' "$*" | tr -s '\t\n ' '   ' | fold -s -w 74 | sed -e 's/ *$//' -e 's/^/    /'
	echo
}

note() {
	printf '  . %s\n' "$*"
}

oops() {
	printf 'FAILED: %s\n' "$*"
	exit 1
}

# expect SENTENCE COMMAND...
expect() {
	sentence=$1
	shift
	"$@" || oops "$sentence"
	note "$sentence"
}

# source_of FUNCTION WHAT: where that is, as the build has found it in the sources.
source_of() {
	place=$(sed -n "s/^$1 //p" "$lab/functions")
	[ -n "$place" ] || oops "there is no function $1 in the sources; mend the experiment"
	printf '    %-24s %s(): %s\n' "$place" "$1" "$2"
}

# --- processes

# What a role's shell does: it becomes the command, under the name of the role, so that ps
# and the diagrams have that.
msgpass() {
	exec "$tmp/bin/$role" "$@"
}

# The one program of the lab's own.
worker() {
	exec "$lab/worker" "$@"
}

# born ROLE...: processes that wait to be told what to do, and can be named meanwhile.
born() {
	for role; do
		ln -sf "$msgpass" "$tmp/bin/$role"
		rm -f "$tmp/$role.do" "$tmp/$role.in"
		mkfifo "$tmp/$role.do"
		(
			trap - EXIT
			# Its standard output is a file, so that nobody has to read it.
			read -r command <"$tmp/$role.do"
			[ ! -e "$tmp/$role.in" ] || exec <"$tmp/$role.in"
			eval "$command"
		) >"$tmp/$role.out" 2>&1 </dev/null &
		eval "$role=$!"
		roles="$roles $role"
	done
}

pid_of() {
	eval "echo \$$1"
}

# as ROLE COMMAND [INPUT]: that process, or a new one, begins with the command.
as() {
	[ -p "$tmp/$1.do" ] || born "$1"
	if [ $# = 3 ]; then
		printf "  %s\$ echo '%s' | %s\n" "$1" "$3" "$2"
		printf '%s\n' "$3" >"$tmp/$1.in"
	else
		printf '  %s$ %s\n' "$1" "$2"
	fi
	echo "$2" >"$tmp/$1.do"
	rm "$tmp/$1.do"
}

has_ended() {
	! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null
}

# ends ROLE [CODE]: it does, with this exit code, 0 unless told; what it printed is shown.
ends() {
	pid=$(pid_of "$1") code=0
	until_true "$1 ends" has_ended "$pid"
	wait "$pid" 2>/dev/null || code=$?
	sed "s/^/    $1: /" "$tmp/$1.out"
	[ "$code" = 0 ] || echo "    $1: exit code $code"
	[ "$code" = "${2:-0}" ] || oops "$1 should have ended with exit code ${2:-0}"
}

# run COMMAND [INPUT]: you do that, and wait for its end.
run() {
	as you "$@"
	ends you
}

# kills ROLE: with the signal that nobody can catch.
kills() {
	note "$1 is killed"
	kill -9 "$(pid_of "$1")"
	ends "$1" 137
}

# Some things take another user, which only root can become.
is_root() {
	[ "$(id -u)" = 0 ] || { note "this takes root: try it with sudo"; return 1; }
}

# printed ROLE TEXT: a line of what it printed is this.
printed() {
	grep -qxF -e "$2" "$tmp/$1.out"
}

# --- what is waited for

# until_true SENTENCE COMMAND...: look until it succeeds, for some ten seconds; gigabytes may
# take many minutes in an emulated machine.
until_true() {
	sentence=$1 tries=200
	[ -z "$real" ] || tries=60000
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || oops "$sentence; it did not come to be"
		usleep 20000 2>/dev/null || sleep 0.05
	done
}

# stat_is VALUE FIELD WHOM...
stat_is() {
	want=$1 field=$2
	shift 2
	"$tmp/bin/lab" stat --json "$@" 2>/dev/null | grep -q "\"$field\": ${want}[,}]"
}

# until_box BOX FIELD VALUE SENTENCE
until_box() {
	until_true "$4" stat_is "$3" "$2" "$1"
	note "$4"
}

# until_inbox ROLE FIELD VALUE SENTENCE
until_inbox() {
	until_true "$4" stat_is "$3" "$2" --pid "$(pid_of "$1")"
	note "$4"
}

# box [OPTION...] NAME: a mailbox of the experiment's own.
box() {
	for name; do :; done
	run "msgpass create --exclusive $*"
	boxes="$boxes $name"
}

# --- the end

# Whatever happened, no process and no mailbox of the experiment is left.
leave_nothing() {
	for role in $roles; do
		kill -9 "$(pid_of "$role")" 2>/dev/null
		wait "$(pid_of "$role")" 2>/dev/null
	done
	for name in $boxes; do
		"$tmp/bin/lab" rm "$name" 2>/dev/null
	done
	roles='' boxes=''
}
