# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets sensor; busybox: local
# The example configurations that the manual page shows and the demo does not
# run, as they are.

case_a_sensor_and_a_logger()
{
    cp /examples/sensor.cfg /examples/logger.cfg .
    expect_only "libxl: error: domain logger: static_shared_mem: region samples:\
 role=borrower, but no domain has the region: create one that owns it first" \
        xl create logger.cfg
    create sensor
    create logger
    must guest sensor fill 0x80000000 64K 5
    must guest logger check "$FREE_RAM" 32K 5 0x8000
    guest logger write "$FREE_RAM" 1 || [ $? = 2 ] || fail "no fault"
    must guest sensor check 0x80000000 64K 5
    destroy sensor logger
}

# What these guests say to each other is for the demo to show.
case_the_three_guests_of_the_demo()
{
    local i

    cp /examples/vm1.cfg /examples/vm2.cfg /examples/vm3.cfg .
    for i in 1 2 3; do
        create vm$i
    done
    if [ "$ARCH" = x86_64 ]; then
        set -- 0x40000000-0x40100000 0x40200000-0x40210000
    else
        set -- 0x60000000-0x60100000 0x60200000-0x60210000
    fi
    assert_record <<LINES
/local/shared_mem/ID1/mappings/$vm1 = "$1"
/local/shared_mem/ID1/mappings/$vm2 = "0x80000000-0x80100000"
/local/shared_mem/ID1/owner = "$vm1"
/local/shared_mem/ID1/size = "0x100000"
/local/shared_mem/ID2/mappings/$vm1 = "$2"
/local/shared_mem/ID2/mappings/$vm3 = "0x50000000-0x50010000"
/local/shared_mem/ID2/owner = "$vm1"
/local/shared_mem/ID2/size = "0x10000"
LINES
    destroy vm1 vm2 vm3
}
