/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The sweep's guests: their configurations, and what they see in memory.
 */
#ifndef FAULTSWEEP_GUESTS_H
#define FAULTSWEEP_GUESTS_H

#include "sweep.h"

#define CONFIG_PATH_SIZE 128
#define ENTRY_SIZE       80

/* As static_shared_mem and xl shared-mem-attach take it. */
void write_entry(const struct guest *guest, char entry[ENTRY_SIZE]);

/* Writes the guest's configuration; its path is in @path. */
bool write_config(const struct guest *guest, char path[CONFIG_PATH_SIZE]);

/*
 * Have a guest write a pattern to its region, look whether it is there, or
 * whether all bytes are zero.  They complain if not.
 */
void fill_region(struct sweep *sweep, const struct guest *guest, uint64_t seed);
void check_region(struct sweep *sweep, const struct guest *guest,
                  uint64_t seed);
void check_zero(struct sweep *sweep, const struct guest *guest);

#endif /* FAULTSWEEP_GUESTS_H */
