// SPDX-License-Identifier: GPL-2.0
/*
 * A sequence diagram for the terminal.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diagram.h"
#include "fail.h"
#include "text.h"

#define LEFT	   11 /* the column where the lifelines begin; before it is the time */
#define LEAST_GAP  16
#define MOST_GAP   36
#define LONG_STEPS 20

/**
 * struct glyphs - what things are drawn with
 * @line: a lifeline
 * @blocked: a lifeline that is blocked
 * @note: beside it stands what happened
 * @trouble: the same, of something that failed
 * @end: the end of a lifeline
 * @cut: in place of what had no room
 * @body: of each kind of arrow
 * @right: head of each kind of arrow to the right
 * @left: and to the left
 */
struct glyphs {
	const char *line, *blocked, *note, *trouble, *end, *cut;
	const char *body[ARROW_LINK + 1], *right[ARROW_LINK + 1], *left[ARROW_LINK + 1];
};

/* clang-format off */
static const struct glyphs unicode = {
	.line = "│", .blocked = "▓", .note = "●", .trouble = "✗", .end = "┴", .cut = "…",
	.body = { "", "─", "─", "╌", "┄" },
	.right = { "", "▷", "▶", "▶", "▷" },
	.left = { "", "◁", "◀", "◀", "◁" },
};

static const struct glyphs plain = {
	.line = "|", .blocked = "#", .note = "*", .trouble = "!", .end = "+", .cut = "~",
	.body = { "", "-", "-", "=", "." },
	.right = { "", ")", ">", ">", ")" },
	.left = { "", "(", "<", "<", "(" },
};

/* clang-format on */

struct cell {
	char bytes[8];
};

/**
 * struct canvas - a line being drawn, and what goes for all lines
 * @diagram: what is drawn
 * @file: where to
 * @glyphs: what with
 * @ascii: nothing beyond ASCII
 * @columns: how long a line may be
 * @gap: between two lifelines
 * @place: of each lifeline, the column, or 0 if it has no room
 * @blocked: of each lifeline, whether it is so in this line
 * @shown: lifelines that have room
 * @cells: of the line
 */
struct canvas {
	const struct diagram *diagram;
	FILE *file;
	const struct glyphs *glyphs;
	bool ascii;
	unsigned int columns;
	unsigned int gap;
	unsigned int *place;
	bool *blocked;
	unsigned int shown;
	struct cell *cells;
};

/* --- a line */

static void put(struct canvas *canvas, unsigned int column, const char *bytes, int length)
{
	if (column >= canvas->columns || length >= (int)sizeof(canvas->cells->bytes))
		return;
	memcpy(canvas->cells[column].bytes, bytes, length);
	canvas->cells[column].bytes[length] = '\0';
}

static void put_glyph(struct canvas *canvas, unsigned int column, const char *glyph)
{
	put(canvas, column, glyph, strlen(glyph));
}

static unsigned int width_of(const char *text)
{
	unsigned int width = 0;
	int columns;

	while (*text) {
		text += text_character(text, &columns);
		width += columns;
	}
	return width;
}

/* At most so many columns of it. */
static void put_text(struct canvas *canvas, unsigned int column, const char *text, unsigned int room)
{
	unsigned int end = column + room;
	bool cut = width_of(text) > room;
	int columns, length;

	for (; *text; text += length) {
		length = text_character(text, &columns);
		if (column + columns + cut > end)
			break;
		if (canvas->ascii && length > 1)
			put(canvas, column, "?", 1);
		else
			put(canvas, column, text, length);
		column++;
		if (columns == 2)
			put(canvas, column++, canvas->ascii ? "?" : "", canvas->ascii);
	}
	if (cut && column < end)
		put_glyph(canvas, column, canvas->glyphs->cut);
}

static void clear(struct canvas *canvas)
{
	for (unsigned int i = 0; i < canvas->columns; i++)
		put(canvas, i, " ", 1);
}

static bool lives(const struct lifeline *lifeline, size_t step)
{
	return step >= lifeline->begin && (lifeline->end == NONE || step <= lifeline->end);
}

/* The lifelines as they are at that step. */
static void begin_line(struct canvas *canvas, size_t step)
{
	const struct diagram *diagram = canvas->diagram;

	clear(canvas);
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		if (canvas->place[i] && lives(&diagram->lifelines[i], step))
			put_glyph(canvas, canvas->place[i],
				  canvas->blocked[i] ? canvas->glyphs->blocked :
						       canvas->glyphs->line);
}

static void end_line(struct canvas *canvas)
{
	unsigned int end = canvas->columns;

	while (end && !strcmp(canvas->cells[end - 1].bytes, " "))
		end--;
	for (unsigned int i = 0; i < end; i++)
		fputs(canvas->cells[i].bytes, canvas->file);
	fputc('\n', canvas->file);
}

static void put_time(struct canvas *canvas, uint64_t time)
{
	char text[32];

	snprintf(text, sizeof(text), "%10.6f", time / 1e9);
	put_text(canvas, 0, text, LEFT - 1);
}

/* --- steps */

static void draw_remark(struct canvas *canvas, const struct step *step, size_t index)
{
	begin_line(canvas, index);
	put_time(canvas, step->time);
	put_text(canvas, LEFT, text_shown(step->label), canvas->columns - LEFT);
	end_line(canvas);
}

static const char *mark_of(const struct canvas *canvas, const struct step *step, size_t index)
{
	if (canvas->diagram->lifelines[step->from].end == index)
		return canvas->glyphs->end;
	if (step->trouble)
		return canvas->glyphs->trouble;
	return canvas->blocked[step->from] ? canvas->glyphs->blocked : canvas->glyphs->note;
}

/* To the right of its lifeline if there is room, else to the left. */
static void draw_note(struct canvas *canvas, const struct step *step, size_t index, const char *text)
{
	unsigned int place = canvas->place[step->from];
	unsigned int width = width_of(text);

	begin_line(canvas, index);
	put_time(canvas, step->time);
	put_glyph(canvas, place, mark_of(canvas, step, index));
	if (place + 2 + width <= canvas->columns)
		put_text(canvas, place + 2, text, width);
	else if (LEFT + width + 1 <= place)
		put_text(canvas, place - 1 - width, text, width);
	else
		put_text(canvas, place + 2, text, canvas->columns - place - 2);
	end_line(canvas);
}

static void put_arrow(struct canvas *canvas, const struct step *step)
{
	unsigned int from = canvas->place[step->from], to = canvas->place[step->to];
	unsigned int low = from < to ? from : to, high = from < to ? to : from;

	for (unsigned int i = low + 1; i < high; i++)
		put_glyph(canvas, i, canvas->glyphs->body[step->arrow]);
	if (from < to)
		put_glyph(canvas, to - 1, canvas->glyphs->right[step->arrow]);
	else
		put_glyph(canvas, to + 1, canvas->glyphs->left[step->arrow]);
}

/* The label on the arrow if there is room, else on a line above it. */
static void draw_arrow(struct canvas *canvas, const struct step *step, size_t index)
{
	unsigned int from = canvas->place[step->from], to = canvas->place[step->to];
	unsigned int low = from < to ? from : to, high = from < to ? to : from;
	unsigned int inside = high - low - 1;
	char *label = strdup(text_shown(step->label));
	unsigned int width;

	if (!label)
		return;
	width = width_of(label);
	begin_line(canvas, index);
	put_time(canvas, step->time);
	if (width + 4 > inside) {
		put_text(canvas, low + 2, label, canvas->columns - low - 2);
		end_line(canvas);
		begin_line(canvas, index);
		put_arrow(canvas, step);
	} else {
		put_arrow(canvas, step);
		put_text(canvas, low + 1 + (inside - width) / 2, label, width);
	}
	end_line(canvas);
	free(label);
}

static void draw_step(struct canvas *canvas, const struct step *step, size_t index)
{
	if (step->from == NONE) {
		draw_remark(canvas, step, index);
	} else if (step->arrow == ARROW_NONE) {
		draw_note(canvas, step, index, text_shown(step->label));
	} else if (step->from == step->to) {
		char text[256];

		snprintf(text, sizeof(text), "to itself: %s", text_shown(step->label));
		draw_note(canvas, step, index, text);
	} else {
		draw_arrow(canvas, step, index);
	}
}

static bool has_room(const struct canvas *canvas, const struct step *step)
{
	if (step->from == NONE)
		return true;
	return canvas->place[step->from] && (step->arrow == ARROW_NONE || canvas->place[step->to]);
}

/* --- all of it */

static void draw_heading(struct canvas *canvas)
{
	const struct diagram *diagram = canvas->diagram;

	clear(canvas);
	for (size_t i = 0; i < diagram->lifeline_count; i++) {
		unsigned int place = canvas->place[i], room = canvas->gap - 2;
		unsigned int column = place - (place - LEFT) % canvas->gap;
		const char *label = text_shown(diagram->lifelines[i].label);
		unsigned int width = width_of(label);

		if (!place)
			continue;
		if (width / 2 < place - column)
			column = place - width / 2;
		put_text(canvas, column, label, width < room ? width : room);
	}
	end_line(canvas);
}

/* The busiest lifelines that there is room for, in the order in which they came. */
static bool is_among_busiest(const struct diagram *diagram, size_t index, unsigned int most)
{
	size_t deeds = diagram->lifelines[index].deeds;
	unsigned int busier = 0;

	if (!deeds)
		return false;
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		busier += diagram->lifelines[i].deeds > deeds ||
			  (diagram->lifelines[i].deeds == deeds && i < index);
	return busier < most;
}

static void place_lifelines(struct canvas *canvas)
{
	const struct diagram *diagram = canvas->diagram;
	unsigned int room = canvas->columns - LEFT;
	unsigned int most = room / LEAST_GAP ? room / LEAST_GAP : 1;
	unsigned int next = 0;

	for (size_t i = 0; i < diagram->lifeline_count; i++)
		canvas->shown += is_among_busiest(diagram, i, most);
	canvas->gap = room / (canvas->shown ? canvas->shown : 1);
	if (canvas->gap > MOST_GAP)
		canvas->gap = MOST_GAP;
	for (size_t i = 0; i < diagram->lifeline_count; i++)
		if (is_among_busiest(diagram, i, most))
			canvas->place[i] = LEFT + canvas->gap * next++ + LEAST_GAP / 2;
}

static size_t draw_steps(struct canvas *canvas)
{
	const struct diagram *diagram = canvas->diagram;
	const struct turn *turn = diagram->turns, *last = turn + diagram->turn_count;
	size_t left_out = 0;

	for (size_t i = 0; i < diagram->step_count; i++) {
		for (; turn < last && turn->step <= i; turn++)
			canvas->blocked[turn->lifeline] = turn->blocked;
		if (has_room(canvas, &diagram->steps[i]))
			draw_step(canvas, &diagram->steps[i], i);
		else
			left_out++;
	}
	return left_out;
}

/* Those that do nothing but be made are not missed. */
static void tell_left_out(const struct canvas *canvas, size_t steps)
{
	const struct diagram *diagram = canvas->diagram;
	size_t count = 0;

	for (size_t i = 0; i < diagram->lifeline_count; i++)
		count += diagram->lifelines[i].deeds && !canvas->place[i];
	if (!count)
		return;
	fprintf(canvas->file,
		"Left out for want of columns: %zu processes or mailboxes, %zu steps of theirs:\n ",
		count, steps);
	for (size_t i = 0, told = 0; i < diagram->lifeline_count && told < 8; i++)
		if (diagram->lifelines[i].deeds && !canvas->place[i])
			fprintf(canvas->file, "%s %s", told++ ? "," : "",
				text_shown(diagram->lifelines[i].label));
	fprintf(canvas->file, "%s\nA wider terminal, --pid, --mailbox or --svg shows them.\n",
		count > 8 ? ", ..." : "");
}

static void draw_legend(const struct canvas *canvas)
{
	const struct glyphs *glyphs = canvas->glyphs;

	fprintf(canvas->file, "%s blocked  %s%s queued  %s%s taken  %s%s reply  %s%s link\n",
		glyphs->blocked, glyphs->body[ARROW_QUEUED], glyphs->right[ARROW_QUEUED],
		glyphs->body[ARROW_MESSAGE], glyphs->right[ARROW_MESSAGE], glyphs->body[ARROW_REPLY],
		glyphs->right[ARROW_REPLY], glyphs->body[ARROW_LINK], glyphs->right[ARROW_LINK]);
}

static void draw(struct canvas *canvas)
{
	size_t left_out;

	place_lifelines(canvas);
	draw_heading(canvas);
	left_out = draw_steps(canvas);
	if (canvas->diagram->step_count > LONG_STEPS)
		draw_heading(canvas);
	draw_legend(canvas);
	tell_left_out(canvas, left_out);
}

void diagram_write_text(const struct diagram *diagram, FILE *file, unsigned int columns, bool ascii)
{
	struct canvas canvas = {
		.diagram = diagram,
		.file = file,
		.glyphs = ascii ? &plain : &unicode,
		.ascii = ascii,
		.columns = columns < LEFT + LEAST_GAP * 2 ? LEFT + LEAST_GAP * 2 : columns,
	};

	if (!diagram->step_count) {
		fputs("Nothing happened.\n", file);
		return;
	}
	canvas.place = calloc(diagram->lifeline_count + 1, sizeof(*canvas.place));
	canvas.blocked = calloc(diagram->lifeline_count + 1, sizeof(*canvas.blocked));
	canvas.cells = calloc(canvas.columns, sizeof(*canvas.cells));
	if (canvas.place && canvas.blocked && canvas.cells)
		draw(&canvas);
	else
		fail(FAILED, "there is not enough memory for the diagram");
	free(canvas.place);
	free(canvas.blocked);
	free(canvas.cells);
}
