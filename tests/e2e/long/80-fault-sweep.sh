# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# Each call of Xen and of xenstored that xl makes to create and to destroy a
# domain with a region, or to attach and detach one, fails once with each plausible
# error, and once xl is killed just before it. See tests/e2e/faultsweep/.
#
# Where xl's call for the console fails it waits ten seconds, and nobody needs the
# CPU: CASES selects some, to run others beside them from another work tree.

case_the_calls_for_an_owner_fail() # limit 10000
{
    must faultsweep some owner fail 1
}

case_the_calls_for_a_peer_and_the_one_before_it_fail() # limit 10000
{
    must faultsweep some relay fail 1
}

case_the_calls_for_a_peer_that_leaves_its_owner_fail() # limit 10000
{
    must faultsweep some release fail 1
}

case_the_calls_of_attach_and_detach_fail() # limit 10000
{
    must faultsweep some attach fail 1
}

case_xl_is_killed_before_a_call_for_an_owner() # limit 10000
{
    must faultsweep some owner kill 1
}

case_xl_is_killed_before_a_call_for_a_peer_and_the_one_before_it() # limit 10000
{
    must faultsweep some relay kill 1
}

case_xl_is_killed_before_a_call_for_a_peer_that_leaves_its_owner() # limit 10000
{
    must faultsweep some release kill 1
}

case_xl_is_killed_before_a_call_of_attach_or_detach() # limit 10000
{
    must faultsweep some attach kill 1
}
