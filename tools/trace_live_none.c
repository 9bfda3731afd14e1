// SPDX-License-Identifier: GPL-2.0
/*
 * In place of trace_live.c, where libtracefs is not there to build with.
 */
#include "fail.h"
#include "trace.h"

int trace_live(const struct trace *trace)
{
	(void)trace;
	return fail(FAILED,
		    "this msgpass is built without libtracefs and can't trace; it can draw what another recorded, with --replay");
}
