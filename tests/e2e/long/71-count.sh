# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154 # measure sets rate
# What a message takes, in instructions: this machine's clock counts them, 1 ns
# each. "make bench-xen".

. /overlay/bench.sh

# say_count WAY: from rate.
say_count()
{
    echo "note: $1: $((1000000000 / rate)) instructions a message"
}

case_instructions_of_a_message_through_the_ring() # limit 400
{
    measure_in_one_guest alone-64
    say_count "64 bytes, one at a time"
    measure_in_one_guest alone-batch-64
    say_count "64 bytes, up to 32 at a time"
}

case_instructions_of_a_message_through_libxenvchan() # limit 400
{
    measure_vchan 1
    say_count "64 bytes, one at a time"
    measure_vchan 32
    say_count "64 bytes, up to 32 at a time"
}
