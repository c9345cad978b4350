# The machines that the guest library is for, and compilers for each.
# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced by *.t. compilers has names; compiler_NAME is the command.
# shellcheck shell=bash disable=SC2034

compilers='gcc-x86_64 gcc-i686 gcc-aarch64 gcc-armv7 clang-x86_64 clang-i686 clang-aarch64 clang-armv7'

compiler() { # NAME: prints the command
    case $1 in
    gcc-x86_64) echo gcc ;;
    gcc-i686) echo gcc -m32 ;;
    gcc-aarch64) echo aarch64-linux-gnu-gcc ;;
    gcc-armv7) echo arm-linux-gnueabihf-gcc ;;
    clang-*) echo clang "--target=${1#clang-}-linux-gnu$([ "$1" != clang-armv7 ] || echo eabihf)" ;;
    esac
}

# All that is promised to users who compile it themselves.
strict='-std=c11 -Wall -Wextra -Werror -pedantic -ffreestanding -nostdlib'
