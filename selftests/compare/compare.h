/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs that are compared have in common: the two jobs, whatever carries the
 * messages, and how to fail. Each mechanism is a file, and that file is all that somebody has
 * to write to do both jobs with it.
 *
 * Producer and consumer: make_item() gives the items, which use_item() takes in order.
 * Client and server: question() gives the questions, answer() what is to be replied, and
 * take_answer() what came.
 *
 * The consumer, or server, runs first and makes what both meet at; then it is ready().
 */
#ifndef COMPARE_H
#define COMPARE_H

#include <sys/types.h>

#define PROGRAM(name)                                                                              \
	void name##_produce(pid_t reader, int count);                                              \
	void name##_consume(int count);                                                            \
	void name##_request(pid_t server, int count);                                              \
	void name##_serve(int count)

PROGRAM(file);
PROGRAM(pipe);
PROGRAM(fifo);
PROGRAM(sysv_msg);
PROGRAM(posix_mq);
PROGRAM(sysv_shm);
PROGRAM(posix_shm);
PROGRAM(signal);
PROGRAM(unix);
PROGRAM(tcp);
PROGRAM(udp);
PROGRAM(multicast);
PROGRAM(rpc);
PROGRAM(msgpass_direct);
PROGRAM(msgpass_mailbox);

/* Before the processes part. */
void pipe_prepare(void);

/* What outlives the processes; 0 if there was any. */
int file_remove(void);
int fifo_remove(void);
int sysv_msg_remove(void);
int posix_mq_remove(void);
int sysv_shm_remove(void);
int posix_shm_remove(void);
int unix_remove(void);

int make_item(int number);
void use_item(int item);

int question(int number);
int answer(int question);
void take_answer(int question, int answer);

void ready(void);

/* End this process, and tell what it was doing and the errno. */
void fail(const char *doing, int error) __attribute__((noreturn));

/* The same, if a call returned -1; else what it returned. */
int must(int result, const char *doing);

/* The same, unless the call took or gave just so many bytes. */
void whole(ssize_t result, size_t size, const char *doing);

/* The same for what returns a negative errno value. */
void done(ssize_t result, const char *doing);

#endif
