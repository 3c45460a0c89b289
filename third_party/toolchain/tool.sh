#!/bin/sh
# The program of the toolchain that has this file's name, with the libraries that it was built with.
base=${0%/bin/*}
base=${base#"$PWD"/}  # so that no path of this machine gets into what is compiled
sysroot=$base/sysroot
program=$sysroot/usr/bin/x86_64-linux-gnu-${0##*/}
case ${0##*/} in
  gcc | cpp)
    program=$program-12
    # GCC would name its own headers by their real paths.
    set -- -no-canonical-prefixes "--sysroot=$sysroot" "-B$base/bin/" "$@" -nostdinc \
      -isystem "$sysroot/usr/include/c++/12" \
      -isystem "$sysroot/usr/include/x86_64-linux-gnu/c++/12" \
      -isystem "$sysroot/usr/include/c++/12/backward" \
      -isystem "$sysroot/usr/lib/gcc/x86_64-linux-gnu/12/include" \
      -isystem "$sysroot/usr/include/x86_64-linux-gnu" \
      -isystem "$sysroot/usr/include"
    ;;
  gcov) program=$program-12 ;;
  nasm) program=$sysroot/usr/bin/${0##*/} ;;
esac
export LC_ALL=C LD_LIBRARY_PATH="$base/libexec"
exec "$program" "$@"
