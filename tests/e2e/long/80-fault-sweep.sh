# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# Each call of Xen and of xenstored that xl makes to create and to destroy a
# domain with a region fails once with each plausible error, and once xl is
# killed just before it. See tests/e2e/faultsweep/.

case_each_call_of_xl_fails_and_xl_is_killed_before_it() # limit 7200
{
    must faultsweep all
}
