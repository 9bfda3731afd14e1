// SPDX-License-Identifier: GPL-2.0
/*
 * A line on standard error that tells how far a long transfer is. Short ones
 * never see it.
 */
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

#define SHOW_AFTER_NS 500000000ULL
#define REDRAW_NS     200000000ULL

/* On a terminal that shows the data too, the line would mix with it. */
void progress_begin(struct progress *progress, const struct options *options, int data_fd)
{
	bool suits = isatty(STDERR_FILENO) && !isatty(data_fd);

	*progress = (struct progress){
		.wanted = (suits || options->progress) && !options->no_progress && !options->quiet,
		.always = options->progress,
		.begun_ns = msgpass_deadline(0),
	};
}

static void print_bytes(double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	int unit = 0;

	while (bytes >= 1024 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	fprintf(stderr, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static void draw(struct progress *progress, uint64_t now)
{
	double seconds = (now - progress->begun_ns) / 1e9;

	fputs("\rmsgpass: ", stderr);
	print_bytes(progress->bytes);
	fputs(", ", stderr);
	print_bytes(seconds > 0 ? progress->bytes / seconds : 0);
	fputs("/s  ", stderr);
	progress->shown = true;
	progress->last_ns = now;
}

void progress_add(struct progress *progress, uint64_t bytes)
{
	uint64_t now;

	progress->bytes += bytes;
	if (!progress->wanted)
		return;
	now = msgpass_deadline(0);
	if (now - progress->begun_ns >= SHOW_AFTER_NS && now - progress->last_ns >= REDRAW_NS)
		draw(progress, now);
}

void progress_end(struct progress *progress)
{
	if (!progress->shown && !(progress->wanted && progress->always))
		return;
	draw(progress, msgpass_deadline(0));
	fputc('\n', stderr);
	progress->shown = false;
	progress->always = false;
}
