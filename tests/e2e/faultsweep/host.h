/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What Xen has: its domains and its free memory.
 */
#ifndef FAULTSWEEP_HOST_H
#define FAULTSWEEP_HOST_H

#include "sweep.h"

/*
 * The domains that are no guests of the sweep: at most DOMAINS_MAX numbers.
 * @dying: those that are being destroyed, guests among them, else those that
 * are not.
 */
unsigned int other_domains(const struct sweep *sweep, bool dying,
                           uint32_t *domids);

/* The guest is there, and has the region. */
bool is_peer(const struct guest *guest, const char *region);

/* There is such a domain, and it is not being destroyed. */
bool is_alive(const struct sweep *sweep, uint32_t domid);

/* Takes down the UUID of the guest that @domid is now. */
void adopt(struct sweep *sweep, struct guest *guest, uint32_t domid);

/* Remembers how the host is now.  Waits for what goes on in the background. */
void remember_host(struct sweep *sweep);

/*
 * Complains if the host is not as it was, but for the domains of the guests:
 * domains, xenstore's nodes, files, free pages.  Waits for what goes on in the
 * background.
 */
void check_host(struct sweep *sweep);

#endif /* FAULTSWEEP_HOST_H */
