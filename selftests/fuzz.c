// SPDX-License-Identifier: GPL-2.0
/*
 * The inputs that make fuzz has found worth keeping, replayed: together they reach most of the
 * module. After the last nothing may be left of them; that the kernel says nothing is for
 * whoever runs this to see.
 */
#include "fuzz/corpus.h"
#include "fuzz/runner.h"

FIXTURE(corpus) {
};

FIXTURE_VARIANT(corpus) {
	bool lockstep;
};

FIXTURE_VARIANT_ADD(corpus, one_step_after_the_other) {
	.lockstep = true,
};

FIXTURE_VARIANT_ADD(corpus, all_at_once) {
	.lockstep = false,
};

FIXTURE_SETUP(corpus)
{
	NEED_ROOT();
	ASSERT_TRUE(runner_start(variant->lockstep, NULL, 0));
	/* New processes for each input would cost most of the time. */
	world->lives = corpus_count();
}

FIXTURE_TEARDOWN(corpus)
{
	runner_stop();
}

TEST_F_TIMEOUT(corpus, leaves_nothing_behind, 600)
{
	const char *line, *next, *wrong;
	uint8_t input[STEPS_MAX * sizeof(struct step)];
	size_t size;

	for (line = corpus_begin; line < corpus_end; line = next) {
		next = line_decode(line, input, &size);
		wrong = runner_run(input, size);
		ASSERT_EQ(NULL, wrong)
			TH_LOG("%s: input %.*s", wrong, (int)(next - line - 1), line);
	}
	ASSERT_LT(0, world->inputs);
	ASSERT_EQ(0, world->inputs % world->lives);
}

#include "afterwards.h"
