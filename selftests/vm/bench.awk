# SPDX-License-Identifier: GPL-2.0
# A table of what helper_bench prints, "case mechanism size value unit", with the ratio of each
# row to the best peer of its case and size; then, of a run that is not quick, what is to be
# reached. The same figures go to the file that the variable json names.

BEGIN {
	split("pipe unix_seqpacket posix_mq sysv_msg", peers)
	printf "%-24s %-26s %8s %12s %-12s %s\n", "case", "mechanism", "size", "value", "unit",
		"to the best peer"
}

/^#/ {
	remarks = remarks $0 "\n"
	next
}

NF == 5 {
	line[count++] = $0
	value[$1, $2, $3] = $4
}

# The name of the peer that is the best in a case.
function best_peer(what, size,	i, found)
{
	for (i in peers)
		if (value[what, peers[i], size] > 0 &&
		    (!found || value[what, peers[i], size] < value[what, found, size]))
			found = peers[i]
	return found
}

function best(what, size)
{
	return value[what, best_peer(what, size), size]
}

# What the others are told as times of: who shares a queue is compared with POSIX's.
function base(what, size)
{
	if (what == "smp_share")
		return value[what, "posix_mq", size] > 0 ? "posix_mq" : ""
	return best_peer(what, size)
}

function print_row(what, mechanism, size, number, unit,	peer)
{
	peer = base(what, size)
	printf "%-24s %-26s %8d %12s %-12s", what, mechanism, size,
		sprintf(unit == "ratio" ? "%.3f" : "%.0f", number), unit
	if (peer && unit != "ratio")
		printf " %.2f of %s", number / value[what, peer, size], peer
	print ""
}

# The form has no unit for the wall's clock: of those there is the ratio to that.
function write_json(what, mechanism, size, number, unit)
{
	if (unit == "nanoseconds") {
		if (!base(what, size))
			return
		number = sprintf("%.3f", number / value[what, base(what, size), size])
		unit = "ratio"
	}
	printf "%s\n  {\"case\": \"%s\", \"mechanism\": \"%s\", \"size\": %d, \"value\": %s, " \
		"\"unit\": \"%s\"}", written++ ? "," : "", what, mechanism, size, number,
		unit >json
}

# The larger of two figures of ours: what is asked of both.
function worse(what, size, one, other,	a, b)
{
	a = value[what, one, size]
	b = value[what, other, size]
	return a > b ? a : b
}

# The least of all of ours, however they are used.
function least(what, size, pattern,	key, part, found)
{
	for (key in value) {
		split(key, part, SUBSEP)
		if (part[1] == what && part[3] == size && part[2] ~ pattern &&
		    (!found || value[key] < found))
			found = value[key]
	}
	return found
}

# What is to be at most so many times something else.
function target(what, ours, other, most)
{
	if (!ours || !other)
		return
	if (!targets++)
		printf "\n%-66s %7s %8s\n", "what is to be reached", "ratio", "at most"
	printf "%-66s %7.3f %8.2f%s\n", what, ours / other, most,
		ours / other <= most ? "" : "  not yet"
}

function growth(what, mechanism, name)
{
	target(what, value[name, mechanism, 64], 1, name == "growth_broadcast" ? 0.5 : 1.2)
}

function targets_of_messages(	large)
{
	target("round trip, call / best peer",
	       worse("round_trip", 64, "msgpass_direct_call", "msgpass_mailbox_call"),
	       best("round_trip", 64), 0.85)
	target("round trip, call / eventfd, which carries nothing",
	       worse("round_trip", 64, "msgpass_direct_call", "msgpass_mailbox_call"),
	       value["round_trip", "eventfd", 8], 1)
	target("round trip, send and receive / best peer",
	       worse("round_trip", 64, "msgpass_direct", "msgpass_mailbox"),
	       best("round_trip", 64), 1)
	target("one way / best peer", worse("one_way", 64, "msgpass_direct", "msgpass_mailbox"),
	       best("one_way", 64), 0.75)
	target("one way, 32 in a call / best peer, one in a call",
	       least("one_way_batch", 64, "^msgpass"), best("one_way", 64), 0.2)
	target("one way, 32 in a call / UNIX SEQPACKET, 32 in a call",
	       least("one_way_batch", 64, "^msgpass"),
	       value["one_way_batch", "unix_seqpacket", 64], 1)
	target("one way, 64 KiB / best peer", least("one_way", 65536, "^msgpass"),
	       best("one_way", 65536), 0.6)
	large = least("one_way", 1048576, "^msgpass")
	target("one way, 1 MiB / best peer", large, best("one_way", 1048576), 0.5)
	target("one way, 1 MiB / process_vm_readv", large,
	       value["one_way", "process_vm_readv", 1048576], 1)
}

function targets_of_growth()
{
	growth("a mailbox, 10,000 queued / 1", "msgpass_mailbox", "growth_queued")
	growth("an inbox, 10,000 queued / 1", "msgpass_direct", "growth_queued")
	growth("by sender, 10,000 others / none", "msgpass_direct", "growth_by_sender")
	growth("by type, 10,000 others / none", "msgpass_mailbox", "growth_by_type")
	growth("by priority, 10,000 others / none", "msgpass_mailbox", "growth_by_priority")
	growth("wake-up, 1,000 receivers / 1", "msgpass_mailbox", "growth_receivers")
	growth("open by name, 100,000 mailboxes / 10", "msgpass_mailbox", "growth_names")
	growth("send to a pid, 10,000 inboxes / 10", "msgpass_direct", "growth_inboxes")
	growth("broadcast to 64 / 64 sends", "msgpass_mailbox", "growth_broadcast")
	target("kernel memory of a queued message / SysV msg",
	       worse("memory_queued", 64, "msgpass_direct", "msgpass_mailbox"),
	       value["memory_queued", "sysv_msg", 64], 2)
}

function targets_of_smp()
{
	target("2 CPUs: 2 senders, 2 receivers, one mailbox / POSIX mq",
	       value["smp_share", "msgpass_mailbox", 64], value["smp_share", "posix_mq", 64], 0.7)
	target("2 CPUs: the same, 32 in a call / POSIX mq, one in a call",
	       value["smp_share_batch", "msgpass_mailbox", 64],
	       value["smp_share", "posix_mq", 64], 0.7)
	target("2 CPUs: round trip, spinning / best peer, asleep",
	       least("smp_round_trip_spin", 64, "^msgpass_.*call"), best("smp_round_trip", 64), 0.5)
	target("2 CPUs: round trip, spinning / best peer, spinning",
	       least("smp_round_trip_spin", 64, "^msgpass_.*call"),
	       best("smp_round_trip_spin", 64), 1)
}

END {
	printf "[" >json
	for (i = 0; i < count; i++) {
		split(line[i], part)
		print_row(part[1], part[2], part[3], part[4], part[5])
		write_json(part[1], part[2], part[3], part[4], part[5])
	}
	print "\n]" >json
	if (!quick) {
		targets_of_messages()
		targets_of_growth()
		targets_of_smp()
	}
	printf "%s", remarks
}
