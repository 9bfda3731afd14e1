/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of every test program: its last test, which finds what the others have leaked, and
 * main(). The tests' processes are dead by now, and so should be their messages, links and
 * mailboxes.
 */
FIXTURE(afterwards) {
	int fd;
};

FIXTURE_SETUP(afterwards)
{
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(afterwards)
{
	close(self->fd);
}

TEST_F(afterwards, no_message_link_or_mailbox_is_left)
{
	struct msgpass_info after;

	/* Less is well: then somebody else's were still going when these began. */
	wait_until(!info(self->fd, &after) &&
		   after.out_user_bytes <= before.out_user_bytes &&
		   after.out_mailboxes <= before.out_mailboxes);
	EXPECT_GE(before.out_user_bytes, after.out_user_bytes);
	EXPECT_GE(before.out_mailboxes, after.out_mailboxes);
}

TEST_HARNESS_MAIN
