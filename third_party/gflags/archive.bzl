"""gflags: command-line flags, also those of glog."""

ARCHIVE = {
    "name": "com_github_gflags_gflags",
    "url": "https://github.com/gflags/gflags/archive/v2.2.2.tar.gz",
    "sha256": "34af2f15cf7367513b352bdcd2493ab14ce43692d2dcd9dfc499492966c64dcf",
    "strip_prefix": "gflags-2.2.2",
    "licence": "BSD-3-Clause",
    "debian_source": "gflags_2.2.2.orig.tar.gz",
}
