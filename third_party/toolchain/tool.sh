#!/bin/sh
# The program of the toolchain that has this file's name, with the libraries that it was built with.
base=${0%/bin/*}
base=${base#"$PWD"/}  # so that no path of this machine gets into what is compiled
root=$base/root
program=$root/usr/bin/x86_64-linux-gnu-${0##*/}
case ${0##*/} in
  gcc | cpp)
    program=$program-12
    # GCC would name its own headers by their real paths.
    set -- -no-canonical-prefixes "--sysroot=$root" "-B$base/bin/" "$@" -nostdinc \
      -isystem "$root/usr/include/c++/12" \
      -isystem "$root/usr/include/x86_64-linux-gnu/c++/12" \
      -isystem "$root/usr/include/c++/12/backward" \
      -isystem "$root/usr/lib/gcc/x86_64-linux-gnu/12/include" \
      -isystem "$root/usr/include/x86_64-linux-gnu" \
      -isystem "$root/usr/include"
    ;;
  gcov) program=$program-12 ;;
  nasm | protoc) program=$root/usr/bin/${0##*/} ;;
esac
export LC_ALL=C LD_LIBRARY_PATH="$base/libexec"
exec "$program" "$@"
