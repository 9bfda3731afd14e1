// SPDX-License-Identifier: GPL-2.0
/*
 * Remote procedure calls of ONC RPC, over TCP. A number becomes a call; there is no other way,
 * so the producer calls, too. Program and port are known to both: nobody registers with rpcbind.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "compare.h"
#include "rpc.h"

#define PORT 5713

/* How many calls there are yet to come. */
static int left;

static struct sockaddr_in address = { .sin_family = AF_INET };

static int make_socket(void)
{
	address.sin_port = htons(PORT);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return must(socket(AF_INET, SOCK_STREAM, 0), "socket");
}

static CLIENT *reach(void)
{
	int connection = make_socket();
	const struct netbuf server = {
		.buf = &address,
		.len = sizeof(address),
		.maxlen = sizeof(address),
	};
	CLIENT *client = clnt_vc_create(connection, &server, COMPARE, COMPARE_VERSION, 0, 0);

	if (!client)
		fail("clnt_vc_create", rpc_createerr.cf_error.re_errno);
	return client;
}

static void *check(CLIENT *client, void *result)
{
	struct rpc_err error;

	if (!result) {
		clnt_geterr(client, &error);
		fail("clnt_call", error.re_errno);
	}
	return result;
}

static void run(int count)
{
	int listener = make_socket();
	SVCXPRT *transport;
	int yes = 1;

	must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "setsockopt");
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(listener, 1), "listen");
	transport = svc_vc_create(listener, 0, 0);
	if (!transport || !svc_reg(transport, COMPARE, COMPARE_VERSION, compare_1, NULL))
		fail("svc_reg", EINVAL);
	left = count;
	ready();
	svc_run();
}

void *use_1_svc(int *item, struct svc_req *request)
{
	static char nothing;

	(void)request;
	use_item(*item);
	if (--left == 0)
		svc_exit();
	return &nothing;
}

int *ask_1_svc(int *asked, struct svc_req *request)
{
	static int replied;

	(void)request;
	replied = answer(*asked);
	if (--left == 0)
		svc_exit();
	return &replied;
}

void rpc_produce(pid_t reader, int count)
{
	CLIENT *client = reach();
	int i, item;

	(void)reader;
	for (i = 0; i < count; i++) {
		item = make_item(i);
		check(client, use_1(&item, client));
	}
}

void rpc_consume(int count)
{
	run(count);
}

void rpc_request(pid_t server, int count)
{
	CLIENT *client = reach();
	int i, asked;

	(void)server;
	for (i = 0; i < count; i++) {
		asked = question(i);
		take_answer(asked, *(int *)check(client, ask_1(&asked, client)));
	}
}

void rpc_serve(int count)
{
	run(count);
}
