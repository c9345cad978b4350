# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # create sets sensor; busybox: local
# The example configurations that the manual page shows and the demo does not
# run, as they are.

case_a_sensor_and_a_logger()
{
    local ram=0x800000

    [ "$ARCH" = x86_64 ] || ram=0x40800000
    cp /examples/sensor.cfg /examples/logger.cfg .
    expect_only "libxl: error: domain logger: static_shared_mem: region samples:\
 role=borrower, but no domain has the region: create one that owns it first" \
        xl create logger.cfg
    create sensor
    create logger
    must guest sensor fill 0x80000000 64K 5
    must guest logger check $ram 32K 5 0x8000
    guest logger write $ram 1 || [ $? = 2 ] || fail "no fault"
    must guest sensor check 0x80000000 64K 5
    destroy sensor logger
}
