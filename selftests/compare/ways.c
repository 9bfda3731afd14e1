// SPDX-License-Identifier: GPL-2.0
#include "ways.h"

#include <arpa/inet.h>
#include <err.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/msg.h>

#include <msgpass.h>

#define PATH  "/tmp/compare.way"
#define GROUP "239.255.77.81"
#define PORT  5720
#define MOST  4096

static int in = -1, out = -1;

static int sure(int result, const char *doing)
{
	if (result < 0)
		err(1, "%s", doing);
	return result;
}

/* --- what read() and write() do for */

static void write_bytes(const void *bytes, size_t size)
{
	sure(write(out, bytes, size), "write");
}

static size_t read_bytes(void *bytes, size_t size)
{
	return sure(read(in, bytes, size), "read");
}

static void open_file(void)
{
	in = sure(open(PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), "open");
	out = sure(open(PATH, O_WRONLY | O_APPEND | O_CLOEXEC), "open");
	unlink(PATH);
}

static void open_pipe(void)
{
	int ends[2];

	sure(pipe2(ends, O_CLOEXEC), "pipe2");
	in = ends[0];
	out = ends[1];
}

static void open_fifo(void)
{
	sure(mkfifo(PATH, 0600), "mkfifo");
	in = sure(open(PATH, O_RDWR | O_CLOEXEC), "open");
	out = sure(open(PATH, O_WRONLY | O_APPEND | O_CLOEXEC), "open");
	unlink(PATH);
}

/* --- queues */

static struct {
	long type;
	char bytes[MOST];
} letter;

static void open_sysv(void)
{
	in = sure(msgget(IPC_PRIVATE, 0600), "msgget");
}

static void send_sysv(const void *bytes, size_t size)
{
	/* Which bytes does not matter here, and to copy them would cost. */
	(void)bytes;
	letter.type = 1;
	sure(msgsnd(in, &letter, size, 0), "msgsnd");
}

static size_t receive_sysv(void *bytes, size_t size)
{
	(void)bytes;
	return sure(msgrcv(in, &letter, size, 0, 0), "msgrcv");
}

static const char *sender_sysv(pid_t writer)
{
	struct msqid_ds status;

	sure(msgctl(in, IPC_STAT, &status), "msgctl");
	msgctl(in, IPC_RMID, NULL);
	return status.msg_lspid == writer ? "pid of the last" : NULL;
}

static void open_mq(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = MOST };

	in = sure(mq_open("/compare.way", O_RDWR | O_CREAT, 0600, &attr), "mq_open");
	mq_unlink("/compare.way");
}

static void send_mq(const void *bytes, size_t size)
{
	sure(mq_send(in, bytes, size, 0), "mq_send");
}

static size_t receive_mq(void *bytes, size_t size)
{
	(void)size;
	return sure(mq_receive(in, bytes, MOST, NULL), "mq_receive");
}

/* --- signals */

static pid_t receiver;
static siginfo_t last;

static void open_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void aim_signal(pid_t reader)
{
	receiver = reader;
}

static void send_signal(const void *bytes, size_t size)
{
	union sigval value = { 0 };

	memcpy(&value, bytes, size);
	sure(sigqueue(receiver, SIGRTMIN, value), "sigqueue");
}

static size_t receive_signal(void *bytes, size_t size)
{
	sigset_t set;

	(void)bytes;
	(void)size;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sure(sigwaitinfo(&set, &last), "sigwaitinfo");
	return sizeof(short);
}

static const char *sender_signal(pid_t writer)
{
	return last.si_pid == writer ? "pid, uid" : NULL;
}

/* --- sockets */

static int listener;
static struct sockaddr_storage meeting, source;
static socklen_t length;

static void listen_at(int family, int type, const void *at, socklen_t size)
{
	int yes = 1;

	memcpy(&meeting, at, size);
	length = size;
	listener = sure(socket(family, type | SOCK_CLOEXEC, 0), "socket");
	if (family == AF_INET)
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	sure(bind(listener, at, size), "bind");
	if (type == SOCK_DGRAM)
		in = listener;
	else
		sure(listen(listener, 1), "listen");
}

static void open_unix(void)
{
	struct sockaddr_storage at = { .ss_family = AF_UNIX };

	/* A name that is no path, and goes with the socket. */
	memcpy((char *)&at + sizeof(sa_family_t), "\0compare.way", 12);
	listen_at(AF_UNIX, SOCK_SEQPACKET, &at, sizeof(sa_family_t) + 12);
}

static void open_internet(int type, in_addr_t where)
{
	const struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = where,
	};

	listen_at(AF_INET, type, &at, sizeof(at));
}

static void open_tcp(void)
{
	open_internet(SOCK_STREAM, htonl(INADDR_LOOPBACK));
}

static void open_udp(void)
{
	open_internet(SOCK_DGRAM, htonl(INADDR_LOOPBACK));
}

static void open_multicast(void)
{
	const struct ip_mreq membership = {
		.imr_multiaddr.s_addr = inet_addr(GROUP),
		.imr_interface.s_addr = htonl(INADDR_LOOPBACK),
	};

	open_internet(SOCK_DGRAM, inet_addr(GROUP));
	sure(setsockopt(in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)),
	     "IP_ADD_MEMBERSHIP");
}

static void reach(int type)
{
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };

	out = sure(socket(meeting.ss_family, type | SOCK_CLOEXEC, 0), "socket");
	if (type == SOCK_DGRAM)
		sure(setsockopt(out, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback)),
		     "IP_MULTICAST_IF");
	sure(connect(out, (struct sockaddr *)&meeting, length), "connect");
}

static void reach_unix(pid_t reader)
{
	(void)reader;
	reach(SOCK_SEQPACKET);
}

static void reach_tcp(pid_t reader)
{
	(void)reader;
	reach(SOCK_STREAM);
}

static void reach_udp(pid_t reader)
{
	(void)reader;
	reach(SOCK_DGRAM);
}

static size_t receive_socket(void *bytes, size_t size)
{
	socklen_t room = sizeof(source);

	if (in < 0)
		in = sure(accept(listener, NULL, NULL), "accept");
	return sure(recvfrom(in, bytes, size, 0, (struct sockaddr *)&source, &room), "recvfrom");
}

static const char *sender_unix(pid_t writer)
{
	struct ucred credentials = { 0 };
	socklen_t room = sizeof(credentials);

	sure(getsockopt(in, SOL_SOCKET, SO_PEERCRED, &credentials, &room), "SO_PEERCRED");
	return credentials.pid == writer ? "pid, uid" : NULL;
}

static const char *sender_internet(pid_t writer)
{
	struct sockaddr_in *from = (struct sockaddr_in *)&source;
	socklen_t room = sizeof(source);

	(void)writer;
	if (in != listener)
		sure(getpeername(in, (struct sockaddr *)from, &room), "getpeername");
	return from->sin_port && from->sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? "address, port" :
										   NULL;
}

/* --- msgpass */

static struct msgpass_message_info message;

static void open_device_way(void)
{
	in = sure(msgpass_open(), "msgpass_open");
	out = in;
}

static void open_mailbox_way(void)
{
	open_device_way();
	in = sure(msgpass_mailbox_open(out, NULL, O_RDWR, NULL), "msgpass_mailbox_open");
	out = in;
}

static void send_direct(const void *bytes, size_t size)
{
	sure(msgpass_send(out, receiver, bytes, size), "msgpass_send");
}

static void send_mailbox(const void *bytes, size_t size)
{
	sure(msgpass_mailbox_send(out, bytes, size), "msgpass_mailbox_send");
}

static size_t receive_msgpass(void *bytes, size_t size)
{
	return sure(msgpass_receive_with(in, bytes, size, NULL, &message), "msgpass_receive");
}

static const char *sender_msgpass(pid_t writer)
{
	return message.pid == writer ? "pid, uid" : NULL;
}

/* --- all of them */

static const struct way ways[] = {
	{ "file", open_file, NULL, write_bytes, read_bytes, NULL, false },
	{ "pipe", open_pipe, NULL, write_bytes, read_bytes, NULL, false },
	{ "fifo", open_fifo, NULL, write_bytes, read_bytes, NULL, false },
	{ "sysv_msg", open_sysv, NULL, send_sysv, receive_sysv, sender_sysv, false },
	{ "posix_mq", open_mq, NULL, send_mq, receive_mq, NULL, false },
	{ "signal", open_signal, aim_signal, send_signal, receive_signal, sender_signal, true },
	{ "unix", open_unix, reach_unix, write_bytes, receive_socket, sender_unix, false },
	{ "tcp", open_tcp, reach_tcp, write_bytes, receive_socket, sender_internet, false },
	{ "udp", open_udp, reach_udp, write_bytes, receive_socket, sender_internet, false },
	{ "multicast", open_multicast, reach_udp, write_bytes, receive_socket, sender_internet,
	  false },
	{ "msgpass_direct", open_device_way, aim_signal, send_direct, receive_msgpass,
	  sender_msgpass, false },
	{ "msgpass_mailbox", open_mailbox_way, NULL, send_mailbox, receive_msgpass, sender_msgpass,
	  false },
};

const struct way *way_of(const struct mechanism *mechanism)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, mechanism->name))
			return &ways[i];
	return NULL;
}

static void begin_writer(const struct way *way, pid_t reader)
{
	if (way->open_writer)
		way->open_writer(reader);
}

/* What a look found: it is had in a process of its own, as it leaves much open. */
struct found {
	bool kept;
	char sender[32];
	double cost;
};

static struct found look(const struct way *way, void (*at)(const struct way *, struct found *))
{
	static struct found *shared;
	pid_t pid;

	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(shared, 0, sizeof(*shared));
	pid = fork();
	if (!pid) {
		at(way, shared);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return *shared;
}

static void look_at_messages(const struct way *way, struct found *found)
{
	const short one = 0x3131;
	pid_t reader = getpid(), writer;
	char place[MOST];
	const char *sender;
	size_t size;

	way->open_reader();
	writer = fork();
	if (!writer) {
		begin_writer(way, reader);
		way->send(&one, sizeof(one));
		way->send(&one, sizeof(one));
		_exit(0);
	}
	waitpid(writer, NULL, 0);
	size = way->receive(place, 2 * sizeof(one));
	found->kept = size == sizeof(one);
	sender = way->sender ? way->sender(writer) : NULL;
	snprintf(found->sender, sizeof(found->sender), "%s", sender ? sender : "nothing");
}

const char *way_messages(const struct way *way)
{
	return look(way, look_at_messages).kept ? KEPT : RUN_TOGETHER;
}

const char *way_sender(const struct way *way)
{
	static struct found found;

	found = look(way, look_at_messages);
	return found.sender;
}

static uint64_t cpu_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* Not so many that a file outgrows 64 pages: behind these each page is farther to find. */
#define TURNS 160

/*
 * The mean of the second quarter of many, from the cheapest on: the first turns may be cheaper
 * than the others, a timer's tick may come between, and a page be taken into use.
 */
static double usual(void (*turn)(const struct way *way, size_t size), const struct way *way,
		    size_t size)
{
	uint64_t took[TURNS], before;
	double sum = 0;
	int i;

	for (i = 0; i < TURNS; i++) {
		before = cpu_time();
		turn(way, size);
		took[i] = cpu_time() - before;
	}
	qsort(took, TURNS, sizeof(*took), by_size);
	for (i = TURNS / 4; i < TURNS / 2; i++)
		sum += took[i];
	return sum / (TURNS / 4);
}

/* Of these sizes, no mechanism takes memory of another kind for one than for the other. */
#define FEW  1024
#define MANY 1536

static char bytes[MOST];

static void pass(const struct way *way, size_t size)
{
	size_t come;

	way->send(bytes, size);
	for (come = 0; come < size;)
		come += way->receive(bytes, size - come);
}

static size_t size_now;

static void look_at_cost(const struct way *way, struct found *found)
{
	way->open_reader();
	begin_writer(way, getpid());
	found->cost = usual(pass, way, size_now);
}

/* Each size has a beginning of its own: what a byte costs may depend on how many came before. */
static double cost_of_size(const struct way *way, size_t size)
{
	size_now = size;
	return look(way, look_at_cost).cost;
}

double way_cost_of_byte(const struct way *way)
{
	return (cost_of_size(way, MANY) - cost_of_size(way, FEW)) / (MANY - FEW);
}

static void copy(const struct way *way, size_t size)
{
	(void)way;
	sure(pread(in, bytes, size, 0), "pread");
}

static void look_at_copy(const struct way *way, struct found *found)
{
	open_file();
	write_bytes(bytes, MOST);
	found->cost = (usual(copy, way, MANY) - usual(copy, way, FEW)) / (MANY - FEW);
}

double copy_cost_of_byte(void)
{
	return look(NULL, look_at_copy).cost;
}
