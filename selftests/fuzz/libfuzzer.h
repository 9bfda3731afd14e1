/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libFuzzer calls, and what it offers. Its package has no header for C.
 */
#ifndef FUZZ_LIBFUZZER_H
#define FUZZ_LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *input, size_t size, size_t size_max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *input, size_t size_max,
				 unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *input, size_t size, size_t size_max);

#endif
