"""What builds: compiler, binutils, the headers and libraries of C and C++, and nasm. Binary packages of Debian 12, so
that every machine builds with the same programs and to the same bytes."""

ARCHIVE = {
    "name": "toolchain",
    # GCC with its runtime library exception, binutils; glibc; Linux headers with the syscall note; nasm.
    "licence": "GPL-3.0; LGPL-2.1; GPL-2.0; BSD-2-Clause",
    "build_file": "//third_party/toolchain:toolchain.BUILD",
    # None from the security archive, which snapshot.debian.org does not keep.
    "packages": {
        "b/binutils/binutils-common_2.40-2_amd64.deb":
            "ab314134f43a0891a48f69a9bc33d825da748fa5e0ba2bebb7a5c491b026f1a0",
        "b/binutils/binutils-x86-64-linux-gnu_2.40-2_amd64.deb":
            "2d7ea8a570d768224d7f2424abbe6f373d2154865a1fa7f56c80d43ecf492521",
        "g/gcc-12/cpp-12_12.2.0-14+deb12u1_amd64.deb":
            "fedbb98e877adde83c983c6071537ea25ac52b277ac6e4637d85025949ca1454",
        "g/gcc-12/g++-12_12.2.0-14+deb12u1_amd64.deb":
            "68b182badae4ace7d472f1393c559d3532a95a2d70817498b10bb481d2627251",
        "g/gcc-12/gcc-12-base_12.2.0-14+deb12u1_amd64.deb":
            "1896a2aacf4ad681ff5eacc24a5b0ca4d5d9c9b9c9e4b6de5197bc1e116ea619",
        "g/gcc-12/gcc-12_12.2.0-14+deb12u1_amd64.deb":
            "b46f33cc2ec245e435e043807038cecf4b201ef004800e9dfc1455240360e49d",
        "b/binutils/libbinutils_2.40-2_amd64.deb":
            "fcf55b99e5f8a78f3c8ce9b6957f1024f394cf20c196b100d308a57e43547710",
        "g/glibc/libc6-dev_2.36-9+deb12u14_amd64.deb":
            "0218fc2befcd784c1b0c6292c0a137ce89fad054efaa579ad083bee0f2c01aae",
        "g/glibc/libc6_2.36-9+deb12u14_amd64.deb":
            "ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf",
        "g/gcc-12/libcc1-0_12.2.0-14+deb12u1_amd64.deb":
            "4ee6009633003f47de98333ea7f7d8835ec563ae2ac4f30251dbfee04d75d46b",
        "b/binutils/libctf-nobfd0_2.40-2_amd64.deb":
            "ef1dfcf22de41ea90ebd3d505447ccccd999e96b85aa777a1d7d981dc3b347aa",
        "b/binutils/libctf0_2.40-2_amd64.deb":
            "3fb7b6f326be3fae4a87a3d33b9269bd06c1e4346a24bd737f265067e3b7427f",
        "g/gcc-12/libgcc-12-dev_12.2.0-14+deb12u1_amd64.deb":
            "d720259380a84f2ffc6fe516eff5cbe9c8a005138e8d6a5748747ba4b3404a82",
        "g/gcc-12/libgcc-s1_12.2.0-14+deb12u1_amd64.deb":
            "3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7",
        "g/gmp/libgmp10_6.2.1+dfsg1-1.1_amd64.deb":
            "187aedef2ed763f425c1e523753b9719677633c7eede660401739e9c893482bd",
        "i/isl/libisl23_0.25-1.1_amd64.deb":
            "ebff0b2f8b220c74224197523019366e97ee4770d464bebc48e4865114e4da0e",
        "j/jansson/libjansson4_2.14-2_amd64.deb":
            "3fc9742f9f1a37bcb9931df6074b4d1483419ef832ad5349f47323e75fc27864",
        "m/mpclib3/libmpc3_1.3.1-1_amd64.deb":
            "d7f79544790e44f9b0c8cb9034a18c58d37f8702a15f32539050718679e52f80",
        "m/mpfr4/libmpfr6_4.2.0-1_amd64.deb":
            "37b7a2b4e78890b6a074777f27b96c84f58e81558ba08410c2b6c0ca4a4ad77b",
        "g/gcc-12/libstdc++-12-dev_12.2.0-14+deb12u1_amd64.deb":
            "d28def6c23630432b57cb38a4c2fd67a79d4e0484027386ca6e8d6005c3d7a73",
        "g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb":
            "5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d",
        "libz/libzstd/libzstd1_1.5.4+dfsg2-5_amd64.deb":
            "6315b5ac38b724a710fb96bf1042019398cb656718b1522279a5185ed39318fa",
        "l/linux/linux-libc-dev_6.1.176-1_amd64.deb":
            "8bb258735b9dffbb111da778ebdd024750878e435ffd9dfcadcb6762ede6b4cf",
        "n/nasm/nasm_2.16.01-1_amd64.deb":
            "0180693ad5d2da8b36e7d73b9b596dc3e9f900238e3de699976c0576875b878f",
        "z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb":
            "d7dd1d1411fedf27f5e27650a6eff20ef294077b568f4c8c5e51466dc7c08ce4",
    },
}
