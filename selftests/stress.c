// SPDX-License-Identifier: GPL-2.0
/*
 * Some 6,000 messages of random operations, fewer where that takes too long, and a proof of
 * their history; make stress sends as many as you like. See docs/stress.rst.
 */
#include "msgpass_test.h"

#include "stress/round.h"

FIXTURE(stress) {
	struct stress_options options;
};

FIXTURE_SETUP(stress)
{
	self->options = (struct stress_options){
		.messages = 3000, .seconds = 40, .senders = 6, .receivers = 6,
	};
}

FIXTURE_TEARDOWN(stress)
{
}

static bool is_sound(const struct stress_options *options)
{
	struct stress_summary summary;
	bool sound;

	printf("# seed %llu\n", (unsigned long long)options->seed);
	sound = stress_run(options, &summary);
	stress_print(&summary);
	fflush(stdout);
	return sound && summary.messages >= 500 && summary.looks && summary.quiet;
}

TEST_F_TIMEOUT(stress, the_history_of_a_fixed_seed_is_sound, 100)
{
	self->options.seed = 1;
	EXPECT_TRUE(is_sound(&self->options));
}

TEST_F_TIMEOUT(stress, the_history_of_a_random_seed_is_sound, 100)
{
	self->options.seed = now() % 1000000000;
	EXPECT_TRUE(is_sound(&self->options));
}

TEST_HARNESS_MAIN
