/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Words of shared memory by their documented offsets, for tests of the guest
 * library.
 */
#ifndef TESTS_WORDS_H
#define TESTS_WORDS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t word_at(const uint8_t *memory, unsigned int offset)
{
    uint32_t word;

    memcpy(&word, &memory[offset], sizeof(word));

    return word;
}

static inline void set_word(uint8_t *memory, unsigned int offset, uint32_t word)
{
    memcpy(&memory[offset], &word, sizeof(word));
}

#endif /* TESTS_WORDS_H */
