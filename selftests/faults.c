// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when the kernel has no memory, or can't reach the user's: every allocation and
 * every user copy of every operation is made to fail. It takes a kernel with fault injection.
 */
#include "faults_message.h"
#include "faults_flow.h"
#include "faults_call.h"
#include "faults_mailbox.h"
#include "faults_everywhere.h"
#include "afterwards.h"
