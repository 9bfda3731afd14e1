# SPDX-License-Identifier: GPL-2.0
# The plot of build/soak.csv, see soak.
set terminal svg size 800,600 dynamic background "white"
set output "build/soak.svg"
set datafile separator ","
set multiplot layout 3,1 title "A VM under make stress: memory in use" noenhanced
set key outside right top
set grid
set yrange [0:*]
set lmargin 10
set rmargin 24
set ylabel "MiB"
plot "build/soak.csv" every ::1 using ($1/60):($2/1024) with lines title "available"
plot "build/soak.csv" every ::1 using ($1/60):($3/1024) with lines title "slab", \
     "" every ::1 using ($1/60):($4/1024) with lines title "not reclaimable", \
     "" every ::1 using ($1/60):($5/1024) with lines title "kmalloc"
set xlabel "minutes"
plot "build/soak.csv" every ::1 using ($1/60):($6/1048576) with lines title "charged to users", \
     "" every ::1 using ($1/60):($7/100) with lines title "tasks / 100"
unset multiplot
