#!/bin/sh
# Tests the framework of the end-to-end tests: passing, failing, leaking and
# hanging cases of selftest/ must come out as selftest/expected says.
# SPDX-License-Identifier: BSD-2-Clause
#
# Compared without the times and the console's output at the end.

e2e=$(dirname "$0")
boot=x86_64-selftest

echo 1..1
CASES='' SHUFFLE='' "$e2e/run-boot" --boots "$e2e/selftest/boots" \
    --cases "$e2e/selftest" $boot |
    sed -e '/^# [0-9.]* s$/d' -e "/^# the console's last lines:/,/^[^#]/{/^#/d}" |
    diff -u "$e2e/selftest/expected" - >build/e2e-framework.diff
status=$?
if [ $status -eq 0 ]; then
    echo "ok 1 - framework"
else
    echo "not ok 1 - framework"
    sed 's/^/# /' build/e2e-framework.diff
fi
exit $status
