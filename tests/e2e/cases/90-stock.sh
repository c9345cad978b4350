# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154 # create sets vm1
# The patched tools on a hypervisor without the patch: the option is refused in
# one line, and domains that do not have it are as they ever were.

case $ARCH in
x86_64) RAM=0x800000 ;;
*)      RAM=0x40800000 ;;
esac

# expect_no_region_op NAME OPTION: NAME.cfg is refused, nothing else is said.
expect_no_region_op()
{
    expect_only "libxl: error: domain $1: $2: this hypervisor lacks\
 XENMEM_region_op; boot one built with the static shared memory patches" \
        xl create -q "$1.cfg"
    is_gone "$1" || fail "there is a domain $1"
    assert_equal "the record" "$(record)" ""
}

case_the_option_is_refused_in_one_line()
{
    config vm1 'static_shared_mem = [ "0x80000000+1M = ID1" ]'
    expect_no_region_op vm1 "static_shared_mem: region ID1"
}

case_of_several_regions_the_first_is_named()
{
    config vm1 'static_shared_mem = [ "0x90000000+4K = ID2",
                                      "0x80000000+1M = ID1" ]'
    expect_no_region_op vm1 "static_shared_mem: region ID2"
}

# Its page is made as a region is.
case_a_domain_with_a_factory_page_only()
{
    config vm1 'shared_mem_factory = 0x70000000'
    expect_no_region_op vm1 shared_mem_factory
}

case_a_domain_without_the_option_works()
{
    config vm1
    create vm1
    must guest vm1 fill $RAM 4K 7
    must guest vm1 check $RAM 4K 7
    destroy vm1
}

case_a_domain_without_the_option_comes_after_a_refused_one()
{
    config vm1 'static_shared_mem = [ "0x80000000+1M = ID1" ]'
    expect_no_region_op vm1 "static_shared_mem: region ID1"
    config vm1
    create vm1
    must guest vm1 ping
    destroy vm1
}
