# SPDX-License-Identifier: GPL-2.0
# Of symbols ("address name", and "[module]", sorted) and then the addresses of instructions as they were
# executed: how many went to each function in a round trip of so many system calls. Addresses
# have 16 digits each, so that they compare as strings.

NR == FNR {
	start[count] = $1
	module[count] = $3 ? $3 : "kernel"
	name[count++] = $2 ($3 ? " " $3 : "")
	if ($2 == "entry_SYSCALL_64")
		entry = $1
	next
}

# Only whole round trips count, from one system call to the same one of the next.
$1 == entry && seen++ % calls == 0 {
	for (address in pending) {
		if (rounds)
			executed[address] += pending[address]
		delete pending[address]
	}
	rounds++
}

{
	pending[$1]++
}

# The last function that begins at the address or before it.
function function_at(address,	low, high, middle)
{
	if (address < "8")
		return -1
	low = 0
	high = count
	while (high - low > 1) {
		middle = int((low + high) / 2)
		if (start[middle] "" <= address "")
			low = middle
		else
			high = middle
	}
	return low
}

END {
	rounds--
	if (rounds < 1) {
		print "no round trip was seen"
		exit 1
	}
	for (address in executed) {
		i = function_at(address)
		what = i < 0 ? "(user space)" : name[i]
		part[i < 0 ? "user space" : module[i]] += executed[address]
		instructions[what] += executed[address]
		total += executed[address]
		if (i >= 0 && start[i] == address)
			called[what] += executed[address]
	}
	printf "%12s %6s %9s  %s\n", "instructions", "", "calls", "function"
	printf "%12.1f %5.1f%% %9s  %s\n", total / rounds, 100, "", "all, mean of " rounds " round trips"
	for (what in part)
		printf "%12.1f %5.1f%% %9s  %s\n", part[what] / rounds, 100 * part[what] / total, "",
			"all of " what
	fflush()
	for (what in instructions)
		printf "%12.1f %5.1f%% %9.2f  %s\n", instructions[what] / rounds,
			100 * instructions[what] / total, called[what] / rounds, what | "sort -k1,1rn"
}
