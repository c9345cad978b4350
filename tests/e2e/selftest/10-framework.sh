# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# Cases that end in each way a case can end, to test the framework.

case_passes()
{
    assert_equal "a sum" $((1 + 1)) 2
    expect_only "cannot open 'none.cfg': No such file" sh -c \
        'echo "cannot open '\''none.cfg'\'': No such file" >&2; exit 1'
}

case_creates_and_destroys()
{
    config vm1
    create vm1
    must guest vm1 ping
    destroy vm1
}

case_finds_wrong_text()
{
    assert_equal "a word" actual wanted
}

case_finds_a_failing_command()
{
    false
    echo "never reached"
}

case_cannot_be_run_here()
{
    skip "it wants a device that is not there"
}

case_leaves_a_domain()
{
    config vm1
    create vm1
}

case_leaves_a_node()
{
    xenstore-write /local/shared_mem/ID1/owner 1
}

case_starts_clean_again()
{
    assert_equal "the record" "$(record)" ""
}

case_hangs() # limit 3
{
    echo "waiting for nothing"
    while true; do
        sleep 1
    done
}

case_comes_too_late()
{
    true
}
