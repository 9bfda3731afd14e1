// SPDX-License-Identifier: GPL-2.0
/* A client: rpc_client NAME LEFT OPERATION RIGHT, as in "rpc_client sums 6 / 2". */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <msgpass.h>

#include "check.h"
#include "rpc.h"

/* The stub: 0, or a negative errno value, the server's or one of the call itself. */
static int rpc_compute(int mailbox, const struct rpc_request *request,
		       int64_t *result)
{
	const struct msgpass_call_options second = { .timeout_ns = 1000000000 };
	struct msgpass_reply_info info;
	ssize_t length;

	length = msgpass_call_with(mailbox, request, sizeof(*request), result,
				   sizeof(*result), &second, &info);
	if (length < 0)
		return length;
	if (info.type)
		return -(int)info.type;
	return length == sizeof(*result) ? 0 : -EPROTO;
}

int main(int argc, char **argv)
{
	struct rpc_request request = {};
	int device, mailbox, error;
	int64_t result;

	if (argc != 5) {
		fprintf(stderr, "usage: rpc_client NAME LEFT OPERATION RIGHT\n");
		return 2;
	}
	request.left = atoll(argv[2]);
	request.operation = argv[3][0];
	request.right = atoll(argv[4]);

	device = check("/dev/msgpass", msgpass_open());
	mailbox = msgpass_mailbox_open(device, argv[1], O_WRONLY, NULL);
	if (mailbox == -ENOENT) {
		fprintf(stderr, "no server has the mailbox '%s'\n", argv[1]);
		return 1;
	}
	check(argv[1], mailbox);
	error = rpc_compute(mailbox, &request, &result);
	if (error == -EPIPE)
		fprintf(stderr, "the server died before it replied\n");
	else
		check("the server", error);
	if (error)
		return 1;
	printf("%" PRId64 "\n", result);
	return 0;
}
