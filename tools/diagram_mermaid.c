// SPDX-License-Identifier: GPL-2.0
/*
 * A sequence diagram for Mermaid, which web pages and editors draw.
 */
#include <ctype.h>
#include <string.h>

#include "diagram.h"
#include "text.h"

/* A character that might mean something to Mermaid is written by its number. */
static void write_label(FILE *file, const char *label)
{
	for (const char *text = text_shown(label); *text; text++) {
		if (isalnum((unsigned char)*text) || (unsigned char)*text >= 0x80 ||
		    strchr(" .,_-", *text))
			fputc(*text, file);
		else
			fprintf(file, "#%d;", *text);
	}
	fputc('\n', file);
}

static void write_participants(const struct diagram *diagram, FILE *file)
{
	for (size_t i = 0; i < diagram->lifeline_count; i++) {
		if (!diagram->lifelines[i].deeds)
			continue;
		fprintf(file, "    participant L%zu as ", i);
		write_label(file, diagram->lifelines[i].label);
	}
}

static void write_turn(const struct diagram *diagram, FILE *file, const struct turn *turn)
{
	if (diagram->lifelines[turn->lifeline].deeds)
		fprintf(file, "    %s L%zu\n", turn->blocked ? "activate" : "deactivate",
			turn->lifeline);
}

static size_t first_shown(const struct diagram *diagram)
{
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		if (diagram->lifelines[i].deeds)
			return i;
	return NONE;
}

static void write_step(const struct diagram *diagram, FILE *file, const struct step *step)
{
	static const char *const arrows[] = {
		[ARROW_QUEUED] = "-)",
		[ARROW_MESSAGE] = "->>",
		[ARROW_REPLY] = "-->>",
		[ARROW_LINK] = "-->",
	};
	size_t from = step->from == NONE ? first_shown(diagram) : step->from;

	/* a mailbox that is made and never used is not drawn */
	if (from == NONE || !diagram->lifelines[from].deeds)
		return;
	if (step->arrow == ARROW_NONE)
		fprintf(file, "    Note over L%zu: ", from);
	else
		fprintf(file, "    L%zu%sL%zu: ", from, arrows[step->arrow], step->to);
	write_label(file, step->label);
}

void diagram_write_mermaid(const struct diagram *diagram, FILE *file)
{
	const struct turn *turn = diagram->turns, *last = turn + diagram->turn_count;

	fputs("sequenceDiagram\n", file);
	write_participants(diagram, file);
	for (size_t i = 0; i < diagram->step_count; i++) {
		for (; turn < last && turn->step <= i; turn++)
			write_turn(diagram, file, turn);
		write_step(diagram, file, &diagram->steps[i]);
	}
}
