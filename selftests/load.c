// SPDX-License-Identifier: GPL-2.0
/*
 * The module is loaded, and each allocation of that fails once: whoever loads it is told, and
 * nothing is left of it. It takes a kernel with fault injection, and that nobody else uses the
 * module: the test VM.
 */
#include "msgpass_test.h"

#include <sys/utsname.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAULT_SETTINGS	"/sys/kernel/debug/"

/* More than there are. */
#define FAULTS_MAX	5000

/*
 * The module's own come last. What comes before is the kernel's, to read it and to make files of
 * its tracepoints: of that each sixteenth is enough.
 */
#define OWN_FAULTS	300
#define OTHERS_STEP	16

FIXTURE(loading) {
	char path[256];
	char parameters[256];
	int module;
	int fail_nth;
};

static int unload(void)
{
	int ret;

	/* The last file is closed deferred. */
	wait_until(!(ret = syscall(SYS_delete_module, "msgpass", O_NONBLOCK) ? -errno : 0));
	return ret;
}

static int load(const FIXTURE_DATA(loading) *self)
{
	return syscall(SYS_finit_module, self->module, self->parameters, 0) ? -errno : 0;
}

/* A fault the nth time. Sets *@fired if there was one. */
static int load_with_fault(const FIXTURE_DATA(loading) *self, unsigned int nth, bool *fired)
{
	char text[16] = "";
	int ret;

	snprintf(text, sizeof(text), "%u", nth);
	CHECK(pwrite(self->fail_nth, text, strlen(text), 0) > 0);
	ret = load(self);
	memset(text, 0, sizeof(text));
	/* Else the fault hit just this, or the first of these. */
	*fired = pread(self->fail_nth, text, sizeof(text) - 1, 0) > 0 && !strcmp(text, "0\n");
	if (pwrite(self->fail_nth, "0", 1, 0) != 1)
		CHECK(pwrite(self->fail_nth, "0", 1, 0) == 1);
	return ret;
}

/* How many allocations there are that may fail. */
static unsigned int count_faults(const FIXTURE_DATA(loading) *self)
{
	char text[16];
	int left;

	snprintf(text, sizeof(text), "%u", FAULTS_MAX);
	CHECK(pwrite(self->fail_nth, text, strlen(text), 0) > 0);
	CHECK(!load(self));
	memset(text, 0, sizeof(text));
	CHECK(pread(self->fail_nth, text, sizeof(text) - 1, 0) > 0);
	CHECK(pwrite(self->fail_nth, "0", 1, 0) == 1);
	CHECK(!unload());
	left = atoi(text);
	CHECK(left > 0);
	return FAULTS_MAX - left;
}

/* What it was loaded with. */
static bool read_parameters(FIXTURE_DATA(loading) *self)
{
	FILE *file = fopen("/vm/modparams", "re");

	if (!file)
		return false;
	if (!fgets(self->parameters, sizeof(self->parameters), file))
		self->parameters[0] = 0;
	self->parameters[strcspn(self->parameters, "\n")] = 0;
	fclose(file);
	return true;
}

FIXTURE_SETUP(loading)
{
	struct utsname name;

	NEED_ROOT();
	if (!read_parameters(self))
		SKIP_TEST("it is for the test VM");
	self->fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (self->fail_nth < 0)
		SKIP_TEST("no " FAIL_NTH ": a kernel with fault injection has it");
	/* Those that may sleep too. Pages would be many more, of the kernel's own. */
	ASSERT_EQ(0, file_write(FAULT_SETTINGS "failslab/ignore-gfp-wait", "N"));
	ASSERT_EQ(0, file_write(FAULT_SETTINGS "failslab/verbose", "0"));
	ASSERT_EQ(0, file_write(FAULT_SETTINGS "fail_page_alloc/min-order", "10"));
	uname(&name);
	snprintf(self->path, sizeof(self->path), "/usr/lib/modules/%s/updates/msgpass.ko",
		 name.release);
	self->module = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->module);
	ASSERT_EQ(0, unload());
}

FIXTURE_TEARDOWN(loading)
{
	if (access(DEVICE, F_OK))
		EXPECT_EQ(0, load(self));
}

TEST_F_TIMEOUT(loading, that_fails_for_want_of_memory_leaves_nothing, 900)
{
	unsigned int nth, tried = 0, refused = 0, all = count_faults(self);
	bool fired = true;
	int ret;

	for (nth = 1; fired; nth += nth + OWN_FAULTS < all ? OTHERS_STEP : 1) {
		ASSERT_GT(FAULTS_MAX, nth);
		tried++;
		ret = load_with_fault(self, nth, &fired);
		if (!ret) {
			ASSERT_EQ(0, access(DEVICE, F_OK));
			ASSERT_EQ(0, unload());
			continue;
		}
		refused++;
		ASSERT_TRUE(ret == -ENOMEM || ret == -EFAULT) {
			TH_LOG("fault %u: %d", nth, ret);
		}
		ASSERT_TRUE(fired);
		EXPECT_NE(0, access(DEVICE, F_OK));
		EXPECT_NE(0, access("/sys/module/msgpass", F_OK));
	}
	TH_LOG("%u faults of %u, %u of which kept it from being loaded", tried - 1, all, refused);
	EXPECT_LT(0, refused);
	EXPECT_EQ(0, load(self));
}

#include "afterwards.h"
