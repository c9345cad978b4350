# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What takes a guest of more than 3 GiB: on Arm its RAM reaches beyond 4 GiB only
# then, and there is no populating on demand.

case_inside_RAM_above_8_GiB() # limit 180
{
    placed 0x200400000 2M "0x2003ff000 0x200600000" 'memory = 3088'
}
