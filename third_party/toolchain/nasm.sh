#!/bin/sh
# nasm as a build action runs it, with its files beside it.
export TZ=UTC0  # it would read the machine's time zone
exec "$0.runfiles/toolchain/bin/nasm" "$@"
