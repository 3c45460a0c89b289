#!/bin/sh
# A program of the toolchain as a build action runs it, with its files beside it.
exec "$0.runfiles/toolchain/bin/${0##*/}" "$@"
