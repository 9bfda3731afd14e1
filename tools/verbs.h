/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs: each does what the options say and returns the exit code.
 */
#ifndef VERBS_H
#define VERBS_H

#include "options.h"

int create_mailbox(const struct options *options);
int remove_mailboxes(const struct options *options);
int set_mailbox(const struct options *options);
int give_mailbox(const struct options *options);
int accept_mailbox(const struct options *options);
int send_input(const struct options *options);
int receive_output(const struct options *options);
int call_server(const struct options *options);
int serve(const struct options *options);
int list(const struct options *options);
int show_status(const struct options *options);
int run_lab(const struct options *options);
int show_graph(const struct options *options);
int show_top(const struct options *options);
int show_info(const struct options *options);
int trace_events(const struct options *options);
int show_help(const struct options *options);

#endif /* VERBS_H */
