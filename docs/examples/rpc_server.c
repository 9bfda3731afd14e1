// SPDX-License-Identifier: GPL-2.0
/*
 * A server: rpc_server NAME. Its mailbox is there while it is: who calls when it
 * is gone is told so, and who waits for a reply then, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <msgpass.h>

#include "check.h"
#include "rpc.h"

/* 0, or a negative errno value */
static int compute(const struct rpc_request *request, int64_t *result)
{
	switch (request->operation) {
	case '+':
		return __builtin_add_overflow(request->left, request->right,
					      result) ?
			       -ERANGE :
			       0;
	case '/':
		if (request->right == 0)
			return -EDOM;
		if (request->left == INT64_MIN && request->right == -1)
			return -ERANGE;
		*result = request->left / request->right;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

int main(int argc, char **argv)
{
	const struct msgpass_settings bound = {
		.has = MSGPASS_HAS_MODE,
		.mode = 0622, /* everybody may call */
		.bound = true,
	};
	struct msgpass_answer answer = {};
	struct msgpass_message_info info;
	struct rpc_request request;
	int64_t result;
	ssize_t length;
	int device, mailbox;

	if (argc != 2) {
		fprintf(stderr, "usage: rpc_server NAME\n");
		return 2;
	}
	device = check("/dev/msgpass", msgpass_open());
	mailbox = check(argv[1], msgpass_mailbox_open(device, argv[1],
						      O_RDONLY | O_CREAT | O_EXCL,
						      &bound));
	/* Each turn gives the reply of the one before, if there is one to give. */
	for (;;) {
		const struct msgpass_receive_options whole = { .truncate = true };

		length = msgpass_reply_receive(mailbox, &answer, &request,
					       sizeof(request), &whole, &info);
		check("receive", length);
		answer = (struct msgpass_answer){ .token = info.token };
		if (info.length != sizeof(request))
			answer.type = EINVAL;
		else
			answer.type = -compute(&request, &result);
		if (answer.type == 0) {
			answer.data = &result;
			answer.length = sizeof(result);
		}
	}
}
