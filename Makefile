# SPDX-License-Identifier: GPL-2.0
# make help lists what can be made. Everything made goes to build/; what is downloaded
# goes to a cache outside of the tree, and nothing but packages is installed unasked.

VERSION := 0.2.0
KERNEL ?= 6.1
KERNELS := 6.1 6.12 7.2 6.1-rt 6.1-arm64
DEBUG_KERNELS := 6.1-debug 6.1-kcsan 6.1-kmsan 6.1-coverage
# Those that make check-all runs.
CHECK_KERNELS ?= $(KERNELS)
# The kernel that install and insmod build for.
KVER ?= $(shell uname -r)
DESTDIR ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
# What make vm mounts at /files, and how much memory a VM has.
FILES ?=
MEM ?=
# How long make stress goes on, and with which random numbers; and make soak.
MESSAGES ?= 100000
SEED ?=
MINUTES ?= 30
# make bench: a shortened run, or only some cases; make profile: of what.
QUICK ?=
CASES ?=
MECHANISM ?= msgpass_direct_call
SIZE ?=
BATCH ?=

vm := selftests/vm
cache := $(or $(MSGPASS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/msgpass)
release := $(cache)/kernel-$(KERNEL)/release

# Programs for another machine than this are built apart.
ifeq ($(filter %-arm64,$(KERNEL)),)
out := build
export CROSS_COMPILE :=
build_packages := gcc libc6-dev libc6-dev-i386 lib32gcc-12-dev xz-utils \
	libtracefs-dev libtraceevent-dev libtirpc-dev rpcsvc-proto \
	libncurses-dev
# Static, so that the command runs where there are no such libraries.
trace_flags := -isystem /usr/include/tracefs -isystem /usr/include/traceevent
trace_libraries := -l:libtracefs.a -l:libtraceevent.a
no_trace := trace_live_none
screen_libraries := -l:libncursesw.a -l:libtinfo.a
no_screen := top_screen_none
ifneq ($(filter $(KERNEL),$(DEBUG_KERNELS)),)
build_packages += flex bison bc libelf-dev
endif
ifeq ($(KERNEL),6.1-kmsan)
build_packages += clang-16 lld-16 llvm-16
endif
vm_packages := qemu-system-x86 busybox-static cpio
else
out := build/arm64
export CROSS_COMPILE := aarch64-linux-gnu-
CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
build_packages := gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf \
	libc6-dev-armhf-cross xz-utils
vm_packages := qemu-system-arm busybox-static cpio
# There are no such libraries to build with for another machine.
trace_flags :=
trace_libraries :=
no_trace := trace_live
screen_libraries :=
no_screen := top_screen
endif
export MSGPASS_OUT := $(out)
docs_packages := graphviz perl python3-sphinx xz-utils
lint_packages := $(docs_packages) shellcheck coccinelle clang clang-format mandoc pkgconf
coverage_packages := lcov
fuzz_packages := clang-14 libclang-rt-14-dev libstdc++-12-dev perl
model_packages := spin gcc libc6-dev

ifeq ($(filter $(KERNEL),$(KERNELS) $(DEBUG_KERNELS)),)
$(error KERNEL=$(KERNEL) is not supported; use one of $(KERNELS) $(DEBUG_KERNELS))
endif

CFLAGS ?= -O2 -g
user_flags := -std=gnu11 -Wall -Wextra -D_GNU_SOURCE= -Iuapi -Ilib

module_sources := module/. Kbuild $(wildcard module/*.[ch] uapi/linux/*.h)
lib_objects := $(patsubst lib/%.c,$(out)/lib/%.o,$(wildcard lib/*.c))
tool_objects := $(patsubst %,$(out)/tools/%.o,$(filter-out $(no_trace) $(no_screen), \
	$(basename $(notdir $(wildcard tools/*.c)))))
lib := $(if $(lib_objects),$(out)/libmsgpass.a $(out)/libmsgpass.so $(out)/libmsgpass.pc)
tool := $(if $(tool_objects),$(out)/msgpass)
lab := $(patsubst tools/lab/%,$(out)/lab/%,$(wildcard tools/lab/*.sh)) \
	$(out)/lab/functions $(out)/lab/worker
completion := $(wildcard tools/msgpass.bash-completion)
manpages := $(wildcard docs/man/*.[1-8])
man_sources := docs/man/pages.awk docs/man/libmsgpass.3.in lib/msgpass.h \
	$(wildcard docs/examples/*.c)
examples := docs/examples/Makefile $(wildcard docs/examples/*.[ch] docs/examples/*.sh)
docdir := $(PREFIX)/share/doc/msgpass
guest_programs := $(out)/vm/init $(out)/vm/taprun

.PHONY: all
all: build-packages
	@$(MAKE) -s --no-print-directory module lib tools man tests

.PHONY: help
help:
	@echo 'make                  the module, the library, the command and the tests'
	@echo 'make module|lib|tools|man|tests   one of them'
	@echo 'make check            run the tests in a VM; TESTS="mailbox direct" runs some'
	@echo 'make check-debug      the same in a kernel with KASAN, lockdep, kmemleak, ...'
	@echo 'make check-kcsan      the same in one that looks for data races'
	@echo 'make check-kmsan      the same in one that looks for uses of uninitialised memory'
	@echo 'make check-all        the same on each kernel, or on CHECK_KERNELS="6.1 7.2"; a table'
	@echo 'make check-poison     look for uninitialised memory, in a kernel full of poison'
	@echo 'make check-bpftrace   the scripts of docs/bpftrace, in a VM'
	@echo 'make coverage         run the tests, and say which lines they do not reach'
	@echo 'make fuzz SECONDS=n   random operations of several processes, guided by coverage'
	@echo 'make fuzz INPUT=FILE  those that were kept of one run, once more'
	@echo 'make mutants          break the module on purpose, and see that the tests notice'
	@echo 'make model            all interleavings of those who wait at a port, in a model, by Spin'
	@echo 'make stress           random operations, and a proof of their history; MESSAGES= SEED='
	@echo 'make soak             the same for MINUTES=30, and a plot of the memory used'
	@echo 'make count            what messages cost, in instructions that QEMU counts'
	@echo 'make bench            msgpass and its peers side by side; QUICK=1 CASES="round_trip"'
	@echo 'make compare          the same two jobs by every mechanism there is for them, in two tables'
	@echo 'make profile          a round trip by function, worst first; MECHANISM=msgpass_direct_call SIZE= BATCH='
	@echo 'make demo             show what it does, in a VM'
	@echo 'make lab              guided experiments in a VM; LAB=rendezvous runs one, LAB=all all'
	@echo 'make vm               a shell in a VM that has the module loaded'
	@echo "make vm CMD='...' FILES=DIR   run a command there, with DIR at /files"
	@echo 'make insmod, rmmod    load the module into the running kernel, unload it'
	@echo 'make install, uninstall   DESTDIR= PREFIX=$(PREFIX) KVER=<running kernel>'
	@echo 'make lint             sparse, clang, coccinelle, checkpatch, ...'
	@echo 'make docs             the book of docs/ and the headers, build/docs/html/index.html'
	@echo 'make update-kernel    fetch the newest release of KERNEL'
	@echo 'make clean            remove build/'
	@echo
	@echo 'KERNEL=...            the Debian kernel to build for and to run; 6.1 unless told:'
	@echo '       $(KERNELS),'
	@echo '       or one that is built from its source, with checkers: $(DEBUG_KERNELS)'
	@echo 'ACCEL=auto|kvm|tcg    how the VM runs; auto tries KVM and falls back to TCG'
	@echo 'TIMEOUT=SECONDS       the time limit of a VM run; TEST_TIMEOUT= of one test program'
	@echo 'MEM=1G SMP=2          memory and CPUs of the VM; MODPARAMS= module parameters'
	@echo 'VMS=2                 the tests are dealt to so many VMs'
	@echo 'MSGPASS_CACHE=DIR     where kernels and compilers are kept'

# Packages are looked for once per make, before anything that needs them.
.PHONY: build-packages vm-packages lint-packages
build-packages:
	@$(vm)/need $(build_packages)
vm-packages:
	@$(vm)/need $(build_packages) $(vm_packages)
lint-packages:
	@$(vm)/need $(build_packages) $(lint_packages)

# --- the module

.PHONY: module
module: build/$(KERNEL)/msgpass.ko

$(release): | build-packages
	@$(vm)/fetch-kernel $(KERNEL) >/dev/null

.PHONY: update-kernel
update-kernel:
	rm -f $(release)
	$(vm)/fetch-kernel $(KERNEL)

build/$(KERNEL)/msgpass.ko: $(module_sources) $(vm)/build-module $(release)
	@echo '  MODULE  $@'
	@$(vm)/build-module $(KERNEL)
	@touch $@

ifneq ($(KVER),$(KERNEL))
build/$(KVER)/msgpass.ko: $(module_sources) $(vm)/build-module
	@$(vm)/need gcc libc6-dev linux-headers-$(KVER)
	@echo '  MODULE  $@'
	@$(vm)/build-module $(KVER)
	@touch $@
endif

# --- the library and the command

.PHONY: lib tools
lib: $(lib)
tools: $(tool) $(lab)

$(out)/lib/%.o: lib/%.c | build-packages
	@mkdir -p $(@D)
	@echo '  CC      $@'
	@$(CC) $(CFLAGS) $(user_flags) -fPIC -fvisibility=hidden -MMD -c -o $@ $<

$(out)/tools/%.o: tools/%.c | build-packages
	@mkdir -p $(@D)
	@echo '  CC      $@'
	@$(CC) $(CFLAGS) $(user_flags) $(trace_flags) -DVERSION='"$(VERSION)"' -MMD -c -o $@ $<

$(out)/libmsgpass.a: $(lib_objects)
	@echo '  AR      $@'
	@rm -f $@
	@$(AR) rcs $@ $^

$(out)/libmsgpass.so.0: $(lib_objects) lib/libmsgpass.map
	@echo '  LD      $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,-z,defs \
		-Wl,--version-script=lib/libmsgpass.map -o $@ $(lib_objects)

$(out)/libmsgpass.so: $(out)/libmsgpass.so.0
	@ln -sf $(<F) $@

$(out)/libmsgpass.pc: lib/libmsgpass.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		$< > $@

$(out)/msgpass: $(tool_objects) $(out)/libmsgpass.so
	@echo '  LD      $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(tool_objects) -L$(out) -lmsgpass $(trace_libraries) \
		$(screen_libraries)

# The experiments, and where in the sources is what they speak of.
$(out)/lab/%.sh: tools/lab/%.sh
	@mkdir -p $(@D)
	@cp $< $@

$(out)/lab/worker: tools/lab/worker.c $(out)/libmsgpass.so
	@mkdir -p $(@D)
	@echo '  CC      $@'
	@$(CC) $(CFLAGS) $(user_flags) $(LDFLAGS) -o $@ $< -L$(out) -lmsgpass

$(out)/lab/functions: tools/lab/functions.awk $(module_sources)
	@mkdir -p $(@D)
	@awk -f $< $(filter %.c,$^) >$@

-include $(lib_objects:.o=.d) $(tool_objects:.o=.d)

# The pages of the library, in build/man, out of its header.
.PHONY: man
man: build/man/libmsgpass.3

build/man/libmsgpass.3: $(man_sources)
	@mkdir -p $(@D)
	@rm -f $(@D)/*
	@echo '  MAN     $(@D)'
	@awk -v out=$(@D) -f $^

# --- tests and VMs

.PHONY: tests
tests: build-packages $(filter %.a,$(lib))
	@$(MAKE) -s --no-print-directory -j$(shell nproc) -C selftests

$(out)/vm/%: $(vm)/%.c | build-packages
	@mkdir -p $(@D)
	@echo '  CC      $@'
	@$(CC) -O2 -Wall -Wextra -static -o $@ $<

# Output that belongs to the command alone must not mix with that of a build.
.PHONY: vm-ready
vm-ready:
	@$(MAKE) -s --no-print-directory vm-packages >&2
	@$(MAKE) -s --no-print-directory module lib tools $(guest_programs) >&2

# Neither CMD nor FILES is for make to expand or the shell to split.
export MSGPASS_CMD := $(value CMD)
export MSGPASS_FILES := $(value FILES)
unexport CMD FILES
export KERNEL MEM TESTS MESSAGES SEED MINUTES QUICK CASES MECHANISM SIZE BATCH

.PHONY: check
check: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/check $(TESTS)

# Whatever the kernel's own checkers find wrong while the tests run.
.PHONY: check-debug
check-debug:
	@VMS=$(or $(VMS),2) $(MAKE) -s --no-print-directory check KERNEL=6.1-debug

.PHONY: check-all
check-all:
	@$(vm)/check-all $(CHECK_KERNELS)

# Data races.
.PHONY: check-kcsan
check-kcsan:
	@$(MAKE) -s --no-print-directory check KERNEL=6.1-kcsan

# Every allocation is full of something that no answer may have in it.
.PHONY: check-poison
check-poison: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@APPEND='init_on_alloc=0 slub_debug=P page_poison=1' $(vm)/check poison abi select fds

.PHONY: check-bpftrace
check-bpftrace: vm-ready
	@$(vm)/need bpftrace
	@$(vm)/bpftrace

# Where the tests have been in the module, and where they have not.
.PHONY: coverage
coverage:
	@$(vm)/need $(build_packages) $(vm_packages) $(coverage_packages)
	@$(MAKE) -s --no-print-directory vm-ready KERNEL=6.1-coverage
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/coverage $(TESTS)

# Uses of memory that nobody has written.
.PHONY: check-kmsan
check-kmsan:
	@$(MAKE) -s --no-print-directory check KERNEL=6.1-kmsan

.PHONY: mutants
mutants: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/mutants $(MUTANTS)

.PHONY: model
model:
	@$(vm)/need $(model_packages)
	@selftests/model/run

.PHONY: stress
stress: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/stress

.PHONY: soak
soak: vm-ready
	@$(vm)/need gnuplot-nox
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/soak

# What is to be covered is the module, not the fuzzer: that is compiled without coverage.
# It is static, as it forks a lot, but -fsanitize=fuzzer does not work so.
# fuzz-merge makes selftests/fuzz/corpus of what runs have found. Both take KCOV.
SECONDS ?= 60
INPUT ?=
.PHONY: fuzz fuzz-merge
fuzz fuzz-merge: build/fuzz
	@$(MAKE) -s --no-print-directory vm-ready KERNEL=6.1-debug
	@KERNEL=6.1-debug $(vm)/fuzz $(if $(filter fuzz-merge,$@),merge,$(or $(INPUT),$(SECONDS)))

build/fuzz: selftests/fuzz/libfuzzer.c $(wildcard selftests/fuzz/*.h selftests/*.h) uapi/linux/msgpass.h
	@$(vm)/need $(build_packages) $(fuzz_packages)
	@mkdir -p $(@D)
	@echo '  CLANG   $@'
	@clang-14 -O2 -g $(user_flags) -isystem $$($(vm)/fetch-kselftest)/tools/testing/selftests \
		-c -o $@.o $<
	@clang-14 -static -pthread -o $@ $@.o \
		$$(clang-14 -print-resource-dir)/lib/linux/libclang_rt.fuzzer-x86_64.a -lstdc++ -lm

.PHONY: count
count: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/count

.PHONY: bench
bench: vm-ready
	@$(if $(QUICK),,$(vm)/need gnuplot-nox)
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/bench

.PHONY: compare
compare: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/compare

.PHONY: profile
profile: vm-ready
	@$(MAKE) -s --no-print-directory tests >&2
	@$(vm)/profile

.PHONY: vm
vm: vm-ready
	@$(vm)/run

.PHONY: lab
lab: vm-ready
	@$(if $(LAB),$(vm)/run "exec msgpass lab $(if $(ANSWER),--answer) $(if $(REAL),--real) $(LAB)",\
		FIRST='msgpass lab' $(vm)/run)

.PHONY: demo
demo: vm-ready
	@$(vm)/demo

# --- for the machine itself

as_root := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: insmod rmmod
insmod: build/$(KVER)/msgpass.ko lib tools
	$(as_root) insmod $< $(MODPARAMS)
rmmod:
	$(as_root) rmmod msgpass

.PHONY: install
install: build/$(KVER)/msgpass.ko lib tools man
	$(if $(DESTDIR),,@$(vm)/need kmod)
	install -D -m 644 build/$(KVER)/msgpass.ko $(DESTDIR)/lib/modules/$(KVER)/updates/msgpass.ko
	install -d $(DESTDIR)/usr/lib/modules-load.d
	echo msgpass > $(DESTDIR)/usr/lib/modules-load.d/msgpass.conf
	install -D -m 644 uapi/linux/msgpass.h $(DESTDIR)$(PREFIX)/include/linux/msgpass.h
	install -D -m 644 lib/msgpass.h $(DESTDIR)$(PREFIX)/include/msgpass.h
	install -D -m 644 build/libmsgpass.a $(DESTDIR)$(LIBDIR)/libmsgpass.a
	install -D -m 755 build/libmsgpass.so.0 $(DESTDIR)$(LIBDIR)/libmsgpass.so.0
	ln -sf libmsgpass.so.0 $(DESTDIR)$(LIBDIR)/libmsgpass.so
	install -D -m 644 build/libmsgpass.pc $(DESTDIR)$(LIBDIR)/pkgconfig/libmsgpass.pc
	install -D -m 755 build/msgpass $(DESTDIR)$(PREFIX)/bin/msgpass
	for file in $(lab); do \
		install -D $$file $(DESTDIR)$(PREFIX)/lib/msgpass/lab/$${file##*/} || exit; \
	done
	$(if $(completion),install -D -m 644 $(completion) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/msgpass)
	install -d $(DESTDIR)$(docdir)/examples
	install -m 644 $(examples) $(DESTDIR)$(docdir)/examples
	for page in $(manpages) build/man/*; do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; \
	done
	$(if $(DESTDIR),,depmod -a $(KVER) && ldconfig)

.PHONY: uninstall
uninstall: man
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/msgpass.ko
	rm -f $(DESTDIR)/usr/lib/modules-load.d/msgpass.conf
	rm -f $(DESTDIR)$(PREFIX)/include/linux/msgpass.h $(DESTDIR)$(PREFIX)/include/msgpass.h
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libmsgpass.a libmsgpass.so libmsgpass.so.0)
	rm -f $(DESTDIR)$(LIBDIR)/pkgconfig/libmsgpass.pc $(DESTDIR)$(PREFIX)/bin/msgpass
	rm -rf $(DESTDIR)$(PREFIX)/lib/msgpass/lab
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/msgpass
	rm -rf $(DESTDIR)$(docdir)
	for page in $(manpages) build/man/*; do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; \
	done
	$(if $(DESTDIR),,depmod -a $(KVER) && ldconfig)

# --- checks of the sources

.PHONY: lint
lint: lint-packages
	@$(vm)/lint $(KERNEL)

.PHONY: docs
docs:
	@$(vm)/need $(docs_packages)
	@$(vm)/docs
	@echo build/docs/html/index.html

.PHONY: clean
clean:
	rm -rf build

FORCE:
