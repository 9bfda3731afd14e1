/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Standard input and output, whole.
 */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Read until the buffer is full or the input ends. Returns how much, or a
 * negative errno value; what was read before an error is lost with it.
 */
ssize_t io_read_full(int fd, void *buffer, size_t size);

/* Returns how much could be written; errno says why not all. */
size_t io_write_all(int fd, const void *buffer, size_t length);

/*
 * Give these fds numbers above those that a command will know them by. False
 * if there are not as many; they are all still open then.
 */
bool io_move_up(int *fds, unsigned int count);

/* A pipe whose reader has left. */
bool io_is_broken(int fd);

#endif /* IO_H */
