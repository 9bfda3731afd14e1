/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the stubs of a client and a server agree upon. The type of a reply is 0,
 * or the errno value that says why there is no result.
 */
#ifndef RPC_H
#define RPC_H

#include <stdint.h>

struct rpc_request {
	int64_t left;
	int64_t right;
	char operation;
	char padding[7];
};

#endif /* RPC_H */
