// Downloads URL with digest SHA256 as FOLDER/file: what download_test kills in the middle.

#include <iostream>

#include "absl/status/status.h"
#include "data/prepare/download.h"

int main(int, char** argv) {
  const absl::Status status =
      vitrine::Download({.name = "file", .urls = {argv[1]}, .sha256 = argv[2]}, argv[3]);
  std::cerr << status.message();
  return status.ok() ? 0 : 1;
}
