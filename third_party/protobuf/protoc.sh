#!/bin/sh
# protoc as a build action runs it, with the libraries that it was built with.
runfiles=$0.runfiles
export LD_LIBRARY_PATH="$runfiles/com_google_protobuf/usr/lib/x86_64-linux-gnu:$runfiles/toolchain/libexec"
exec "$runfiles/com_google_protobuf/usr/bin/protoc" "$@"
