# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# A sample of what "make fault-sweep" does: calls of Xen and of xenstored fail
# in xl, and xl is killed, where a region is built and taken down and at some
# other places. See tests/e2e/faultsweep/.

case_xl_killed_or_with_a_failing_call() # limit 900
{
    must faultsweep sample
}
