# TAP output for the tests in this directory, and a scratch checkout.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced by *.t after common.sh. A test calls check or refused once for each
# result, and done_testing at its end.
# shellcheck shell=bash disable=SC2154

count=0
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ok() { # DESCRIPTION
    count=$((count + 1))
    echo "ok $count - $1"
}

not_ok() { # DESCRIPTION DETAIL
    count=$((count + 1))
    failed=$((failed + 1))
    echo "not ok $count - $1"
    echo "# ${2//$'\n'/$'\n'# }"
}

# check DESCRIPTION COMMAND...: the command succeeds.
check() {
    local description=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then ok "$description"; else not_ok "$description" "$output"; fi
}

# refused DESCRIPTION PATTERN COMMAND...: the command fails with exactly one
# line of error, which matches the extended regular expression PATTERN.
refused() {
    local description=$1 pattern=$2 output errors
    shift 2
    if output=$("$@" 2>&1 </dev/null); then
        not_ok "$description" "it succeeded: $output"
        return
    fi
    errors=$(grep ': error: ' <<<"$output") || true
    if [ "$(wc -l <<<"$errors")" = 1 ] && grep -q -E -- "$pattern" <<<"$errors"; then
        ok "$description"
    else
        not_ok "$description" "$output"
    fi
}

done_testing() {
    echo "1..$count"
    exit $((failed > 0))
}

# A checkout of its own at $scratch/checkout, with this one's patches and Xen
# tarball, for tests that change things.
make_checkout() {
    local checkout=$scratch/checkout ours
    mkdir -p "$checkout/build"
    cp -a "$patch_dir" "$checkout/"
    table_rows "$patch_dir/new-files" | while read -r _ ours _; do
        mkdir -p "$(dirname "$checkout/$ours")"
        cp "$top/$ours" "$checkout/$ours"
    done
    cp -al "$build/downloads" "$checkout/build/downloads"
}
