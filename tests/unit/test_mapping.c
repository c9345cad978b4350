/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of what is made of a CPU's answer to how an address is mapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <shared_mem/mapping.h>

/* Memory attribute, shareability, fault. */
#define PAR(attribute, shareability, fault)           \
    ((uint64_t)(attribute) << 56 | UINT64_C(0x80000800) | \
     (uint64_t)(shareability) << 7 | (fault))

#define INNER 3u
#define OUTER 2u

static void of_64_bits(void **state)
{
    static const struct {
        uint64_t par;
        int expected;
    } answers[] = {
        { PAR(0xff, INNER, 0), 0 },
        { PAR(0xff, OUTER, 0), 0 },
        { PAR(0xee, INNER, 0), 0 },                 /* other hints */
        { PAR(0x77, INNER, 0), 0 },                 /* transient */
        { PAR(0xff, 0, 0), SHARED_MEM_EINVAL },     /* for one CPU */
        { PAR(0x00, OUTER, 0), SHARED_MEM_EINVAL }, /* device */
        { PAR(0x0c, OUTER, 0), SHARED_MEM_EINVAL },
        { PAR(0x44, OUTER, 0), SHARED_MEM_EINVAL }, /* not cached */
        { PAR(0xf4, INNER, 0), SHARED_MEM_EINVAL },
        { PAR(0x4f, INNER, 0), SHARED_MEM_EINVAL },
        { PAR(0xbb, INNER, 0), SHARED_MEM_EINVAL }, /* write-through */
        { PAR(0x33, INNER, 0), SHARED_MEM_EINVAL },
        { PAR(0xff, INNER, 1), SHARED_MEM_ERANGE },
        { 0x80b, SHARED_MEM_ERANGE },               /* translation fault */
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++ )
        assert_int_equal(shared_mem_par(answers[i].par), answers[i].expected);
}

/* Outer attribute from bit 2 on, inner from bit 4 on, shareable: bit 7. */
static void of_32_bits(void **state)
{
    (void)state;
    for ( unsigned int outer = 0; outer < 4; outer++ )
        for ( unsigned int inner = 0; inner < 8; inner++ )
        {
            uint32_t par = 0x80000000 | inner << 4 | outer << 2;
            int good = (outer == 1 || outer == 3) &&
                       (inner == 5 || inner == 7);

            assert_int_equal(shared_mem_short_par(par | 0x80),
                             good ? 0 : SHARED_MEM_EINVAL);
            assert_int_equal(shared_mem_short_par(par), SHARED_MEM_EINVAL);
            assert_int_equal(shared_mem_short_par(par | 0x81),
                             SHARED_MEM_ERANGE);
        }
}

/* Where the tests run the CPU is not asked. */
static void not_here(void **state)
{
    (void)state;
#if defined(__x86_64__) || defined(__i386__)
    assert_int_equal(shared_mem_check_mapping(state), SHARED_MEM_ENOSYS);
    assert_int_equal(shared_mem_check_mapping(NULL), SHARED_MEM_ENOSYS);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_64_bits),
        cmocka_unit_test(of_32_bits),
        cmocka_unit_test(not_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
