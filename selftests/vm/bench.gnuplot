# SPDX-License-Identifier: GPL-2.0
# Cost against size: of the lines that helper_bench printed, in the file "lines", to the SVG
# file "output".
set terminal svg size 960,560 noenhanced font "sans-serif,12" background "white"
set output output
set logscale xy
set xlabel "bytes"
set xrange [8:1048576]
set xtics ("8" 8, "64" 64, "512" 512, "4 Ki" 4096, "64 Ki" 65536, "1 Mi" 1048576)
set yrange [1000:*]
set ytics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1,000,000" 1e6)
set grid
set key below maxrows 5 samplen 2

# What both plots show has one colour in both, and what is ours is thick.
ours = "msgpass_direct_call msgpass_mailbox_call msgpass_direct msgpass_mailbox "
flow = "msgpass_mailbox_flow "
peers = "pipe unix_seqpacket posix_mq sysv_msg tcp_loopback "
floors = "futex_shm process_vm_readv"
names = ours.flow.peers.floors
colours = "#c00000 #ff7f0e #e377c2 #8b0000 #ffbf00 ".\
	"#1f77b4 #2ca02c #17becf #0000ff #7f7f7f #bbbbbb #000000"
position(name) = sum [i = 1:words(names)] (word(names, i) eq name ? i : 0)
colour(name) = word(colours, position(name))
width(name) = name[1:7] eq "msgpass" ? 2.5 : 1
of(what, name) = sprintf("< grep '^%s %s ' %s", what, name, lines)

set multiplot layout 1,2
set title "round trip, instructions"
plot for [name in ours.peers."futex_shm"] of("round_trip", name) using 3:4 \
	with linespoints linecolor rgb colour(name) linewidth width(name) pointsize 0.5 title name
set title "one way, instructions"
plot for [name in "msgpass_direct msgpass_mailbox ".flow.peers."process_vm_readv"] \
	of("one_way", name) using 3:4 \
	with linespoints linecolor rgb colour(name) linewidth width(name) pointsize 0.5 title name
unset multiplot
