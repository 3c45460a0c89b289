#!/bin/sh
# A program of the toolchain as a build action runs it, with its files beside it.
export TZ=UTC0  # nasm would read the machine's time zone
exec "$0.runfiles/toolchain/bin/${0##*/}" "$@"
