# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154
# Whatever domains are created and destroyed at the same time, each region has one
# owner, its peers, and its bytes. "make soak" has more of these rounds.

. /overlay/races.sh

case_50_rounds() # limit 400
{
    race_rounds 50 1
}
