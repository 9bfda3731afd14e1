// SPDX-License-Identifier: GPL-2.0
/*
 * A sequence diagram as an SVG picture. A message that waits in an inbox is a
 * slanted arrow, from where it is sent to where it is taken.
 */
#include <stdlib.h>

#include "diagram.h"
#include "fail.h"
#include "text.h"

#define LEFT   170 /* the first lifeline */
#define GAP    200
#define TOP    60  /* the first step */
#define HEIGHT 26  /* of a step */
#define RIGHT  240 /* behind the last lifeline, for notes */
#define HALF   5   /* of the width of a blocked span */

/**
 * struct picture - one being written
 * @diagram: what is drawn
 * @file: where to
 * @x: of each lifeline
 * @since: of each lifeline that is blocked, the step since when, else NONE
 * @width: in pixels
 * @bottom: where lifelines end
 */
struct picture {
	const struct diagram *diagram;
	FILE *file;
	int *x;
	size_t *since;
	int width;
	long bottom;
};

static const char *const styles[] = {
	[ARROW_QUEUED] = "queued",
	[ARROW_MESSAGE] = "message",
	[ARROW_REPLY] = "reply",
	[ARROW_LINK] = "link",
};

static long y_of(size_t step)
{
	return TOP + (long)step * HEIGHT;
}

static bool is_drawn(const struct picture *picture, size_t lifeline)
{
	return lifeline == NONE || picture->diagram->lifelines[lifeline].deeds;
}

static void write_text(const struct picture *picture, int x, long y, const char *kind,
		       const char *label)
{
	fprintf(picture->file, "<text class=\"%s\" x=\"%d\" y=\"%ld\">", kind, x, y);
	for (const char *text = text_shown(label); *text; text++) {
		if (*text == '<')
			fputs("&lt;", picture->file);
		else if (*text == '>')
			fputs("&gt;", picture->file);
		else if (*text == '&')
			fputs("&amp;", picture->file);
		else
			fputc(*text, picture->file);
	}
	fputs("</text>\n", picture->file);
}

static void write_head(const struct picture *picture)
{
	long height = picture->bottom + 20;

	fprintf(picture->file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%ld\" viewBox=\"0 0 %d %ld\">\n",
		picture->width, height, picture->width, height);
	fputs("<title>messages between processes</title>\n"
	      "<style>\n"
	      "text { font: 12px monospace; fill: #222; stroke: #fff; stroke-width: 3px; paint-order: stroke }\n"
	      ".name { font-weight: bold; text-anchor: middle }\n"
	      ".time { fill: #777 }\n"
	      ".label { text-anchor: middle }\n"
	      ".trouble { fill: #b00 }\n"
	      ".life { stroke: #999 }\n"
	      ".blocked { fill: #f4b8a0; stroke: #c76 }\n"
	      ".queued, .message, .reply, .link { stroke: #247; stroke-width: 1.5; fill: none }\n"
	      ".queued { marker-end: url(#open) }\n"
	      ".message { marker-end: url(#full) }\n"
	      ".reply { marker-end: url(#full); stroke-dasharray: 7 4 }\n"
	      ".link { marker-end: url(#open); stroke-dasharray: 2 4 }\n"
	      "</style>\n"
	      "<defs>\n"
	      "<marker id=\"full\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"#247\"/></marker>\n"
	      "<marker id=\"open\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 10 5 0 10\" fill=\"none\" stroke=\"#247\"/></marker>\n"
	      "</defs>\n"
	      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
	      picture->file);
}

static void write_lifelines(const struct picture *picture)
{
	const struct diagram *diagram = picture->diagram;

	for (size_t i = 0; i < diagram->lifeline_count; i++) {
		const struct lifeline *lifeline = &diagram->lifelines[i];
		long from = lifeline->begin ? y_of(lifeline->begin) : TOP - HEIGHT;
		long to = lifeline->end == NONE ? picture->bottom : y_of(lifeline->end);

		if (!lifeline->deeds)
			continue;
		fprintf(picture->file,
			"<line class=\"life\" x1=\"%d\" y1=\"%ld\" x2=\"%d\" y2=\"%ld\"/>\n",
			picture->x[i], from, picture->x[i], to);
		write_text(picture, picture->x[i], 20, "name", lifeline->label);
	}
}

static void write_span(const struct picture *picture, size_t lifeline, size_t begin, size_t end)
{
	if (is_drawn(picture, lifeline))
		fprintf(picture->file,
			"<rect class=\"blocked\" x=\"%d\" y=\"%ld\" width=\"%d\" height=\"%ld\"/>\n",
			picture->x[lifeline] - HALF, y_of(begin), 2 * HALF,
			(long)(end - begin) * HEIGHT - HALF);
}

static void write_spans(const struct picture *picture)
{
	const struct diagram *diagram = picture->diagram;

	for (size_t i = 0; i < diagram->turn_count; i++) {
		const struct turn *turn = &diagram->turns[i];
		size_t *since = &picture->since[turn->lifeline];

		if (!turn->blocked)
			write_span(picture, turn->lifeline, *since, turn->step);
		*since = turn->blocked ? turn->step : NONE;
	}
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		if (picture->since[i] != NONE)
			write_span(picture, i, picture->since[i], diagram->step_count);
}

static void write_arrow(const struct picture *picture, const struct step *step, size_t index)
{
	int from = picture->x[step->from], to = picture->x[step->to];
	long y = y_of(index), end = y_of(step->taken == NONE ? index : step->taken);

	if (picture->diagram->lifelines[step->to].mailbox)
		end = y;
	fprintf(picture->file, "<path class=\"%s\" d=\"M%d %ld L%d %ld\"/>\n", styles[step->arrow],
		from, y, to, end);
	write_text(picture, (from + to) / 2, (y + end) / 2 - 5, "label", step->label);
}

static void write_loop(const struct picture *picture, const struct step *step, size_t index)
{
	int x = picture->x[step->from];
	long y = y_of(index);

	fprintf(picture->file, "<path class=\"%s\" d=\"M%d %ld h30 v10 h-30\"/>\n",
		styles[step->arrow], x, y);
	write_text(picture, x + 36, y + 4, "note", step->label);
}

static void write_step(const struct picture *picture, const struct step *step, size_t index)
{
	char time[32];

	if (!is_drawn(picture, step->from) ||
	    (step->arrow != ARROW_NONE && !is_drawn(picture, step->to)))
		return;
	snprintf(time, sizeof(time), "%.6f", step->time / 1e9);
	write_text(picture, 10, y_of(index) + 4, "time", time);
	if (step->arrow == ARROW_NONE)
		write_text(picture, step->from == NONE ? LEFT : picture->x[step->from] + 10,
			   y_of(index) + 4, step->trouble ? "trouble" : "note", step->label);
	else if (step->from == step->to)
		write_loop(picture, step, index);
	else
		write_arrow(picture, step, index);
}

static void place(struct picture *picture)
{
	const struct diagram *diagram = picture->diagram;
	int shown = 0;

	for (size_t i = 0; i < diagram->lifeline_count; i++) {
		picture->since[i] = NONE;
		if (diagram->lifelines[i].deeds)
			picture->x[i] = LEFT + GAP * shown++;
	}
	picture->width = LEFT + GAP * (shown ? shown - 1 : 0) + RIGHT;
	picture->bottom = y_of(diagram->step_count);
}

void diagram_write_svg(const struct diagram *diagram, FILE *file)
{
	struct picture picture = { .diagram = diagram, .file = file };

	picture.x = calloc(diagram->lifeline_count + 1, sizeof(*picture.x));
	picture.since = calloc(diagram->lifeline_count + 1, sizeof(*picture.since));
	if (!picture.x || !picture.since)
		exit(fail(FAILED, "there is not enough memory for the picture"));
	place(&picture);
	write_head(&picture);
	write_lifelines(&picture);
	write_spans(&picture);
	for (size_t i = 0; i < diagram->step_count; i++)
		write_step(&picture, &diagram->steps[i], i);
	fputs("</svg>\n", file);
	free(picture.x);
	free(picture.since);
}
