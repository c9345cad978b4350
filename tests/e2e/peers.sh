# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154,SC3043 # boot.sh sets ARCH; local
# Guests that use the guest library, and what they say on their consoles. For
# cases, in dom0.

# peer NAME IMAGE ENTRIES [LINE]...: a running guest with a factory page. The
# variable NAME has its number.
peer()
{
    local name="$1" image="$2" entries="$3"

    shift 3
    [ "$ARCH" != arm64 ] || set -- 'vuart = "sbsa_uart"' "$@" # their console
    config "$name" "static_shared_mem = [ $entries ]" \
        'shared_mem_factory = 0x70000000' "kernel = \"/guests/$image\"" "$@"
    # xenconsoled goes on with what a domain of that name has written before.
    rm -f "/var/log/xen/console/guest-$name-vuart0.log"
    xl create -e "$name.cfg" >create-output 2>&1 || {
        cat create-output
        fail "xl create $name.cfg"
    }
    number_of "$name"
}

# lines NAME: what the guest has written to its console in this life.
lines()
{
    eval "set -- $1 \$$1"
    case $ARCH in
    x86_64) xl dmesg | sed -n "s/^(d$2) //p" ;;
    *)      tr -d '\r' <"/var/log/xen/console/guest-$1-vuart0.log" ;;
    esac
}

says()
{
    lines "$1" | grep -q -e "$2"
}

# hear SECONDS NAME PATTERN: waits for the line; nobody may say that it is wrong.
hear()
{
    wait_for "$1" says "$2" "$3" || {
        lines "$2"
        fail "$2 does not say: $3"
    }
    ! says "$2" "WRONG\|: trap " || {
        lines "$2"
        fail "$2 says that something is wrong"
    }
}
