// SPDX-License-Identifier: GPL-2.0
/*
 * helper_stress [-n MESSAGES] [-t SECONDS] [-s SEED] [-S SENDERS] [-R RECEIVERS]: random
 * operations, and a proof of their history. What stress/ is about is in docs/stress.rst.
 */
#include "msgpass_test.h"

#include "stress/round.h"

int main(int argc, char **argv)
{
	struct stress_options options = {
		.seed = now() % 1000000000, .senders = 6, .receivers = 6, .verbose = true,
	};
	struct stress_summary summary;
	int option;
	bool sound;

	while ((option = getopt(argc, argv, "n:t:s:S:R:")) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 0) : 0;

		switch (option) {
		case 'n':
			options.messages = value;
			break;
		case 't':
			options.seconds = value;
			break;
		case 's':
			options.seed = value;
			break;
		case 'S':
			options.senders = value;
			break;
		case 'R':
			options.receivers = value;
			break;
		default:
			return 2;
		}
	}
	printf("# seed %llu\n", (unsigned long long)options.seed);
	fflush(stdout);
	sound = stress_run(&options, &summary);
	stress_print(&summary);
	printf("%d passed, %d failed\n", sound, !sound);
	return !sound;
}
