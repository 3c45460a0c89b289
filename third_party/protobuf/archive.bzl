"""Protocol Buffers: configs and checkpoint manifests. Compiled by Debian 12: to compile it here took as long as a
quarter of our own code."""

ARCHIVE = {
    "name": "com_google_protobuf",
    "licence": "BSD-3-Clause",
    "build_file": "//third_party/protobuf:protobuf.BUILD",
    "packages": {
        "p/protobuf/libprotobuf-dev_3.21.12-3+deb12u1_amd64.deb":
            "2f045f82e4ae0bdfce7f18f1f36613b9cd8c570024b8de68668bc255c32a2d88",
        "p/protobuf/libprotobuf32_3.21.12-3+deb12u1_amd64.deb":
            "e9e4e8cf0d2c48e2e3c17308e2093b3856f470b77e0022b7d906fb1b3551f213",
        "p/protobuf/libprotoc32_3.21.12-3+deb12u1_amd64.deb":
            "27770048715fdebe3dab2f6603ca6667ac72ab474989226d2f70153522286adf",
        "p/protobuf/protobuf-compiler_3.21.12-3+deb12u1_amd64.deb":
            "698e96f08152490ee576ead6a9116e1239514de66473305473f67ce2b5408e23",
    },
}
