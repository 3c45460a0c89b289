"""glog: LOG and CHECK; libtorch's own macros are sent to it too (C10_USE_GLOG)."""

ARCHIVE = {
    "name": "com_github_google_glog",
    "url": "https://github.com/google/glog/archive/v0.6.0.tar.gz",
    "sha256": "8a83bf982f37bb70825df71a9709fa90ea9f4447fb3c099e1d720a439d88bad6",
    "strip_prefix": "glog-0.6.0",
    "licence": "BSD-3-Clause",
    "debian_source": "google-glog_0.6.0.orig.tar.gz",
}
