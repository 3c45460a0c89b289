#include "data/testing.h"

#include <numeric>

#include "absl/strings/str_cat.h"
#include "base/files/file.h"
#include "glog/logging.h"
#include "gtest/gtest.h"
#include "libdeflate.h"

namespace vitrine {

namespace fs = std::filesystem;

fs::path EmptyFolder(std::string_view name) {
  const fs::path folder = fs::path(::testing::TempDir()) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

void WriteTestFile(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  const absl::Status status = WriteAndSync(path, bytes);
  CHECK(status.ok()) << status;
}

std::string Gzip(std::string_view bytes) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string packed(libdeflate_gzip_compress_bound(compressor, bytes.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor, bytes.data(), bytes.size(), packed.data(),
                                         packed.size()));
  libdeflate_free_compressor(compressor);
  return packed;
}

std::string IdxFile(const std::vector<uint32_t>& sizes, std::string_view items) {
  std::string file = {0, 0, 8, static_cast<char>(sizes.size())};
  for (const uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<char>(size >> shift));
  }
  return file.append(items);
}

std::string IdxImages(uint32_t count, uint32_t height, uint32_t width) {
  std::string pixels;
  for (uint32_t i = 0; i < count * height * width; ++i) {
    pixels.push_back(static_cast<char>(i % 251));
  }
  return IdxFile({count, height, width}, pixels);
}

std::string IdxLabels(uint32_t count) {
  std::string labels;
  for (uint32_t i = 0; i < count; ++i) labels.push_back(static_cast<char>(i % 10));
  return IdxFile({count}, labels);
}

std::string CifarRecords(const std::vector<uint8_t>& labels) {
  std::string records;
  for (size_t i = 0; i < labels.size(); ++i) {
    records.push_back(static_cast<char>(labels[i]));
    records.append(3 * 32 * 32, static_cast<char>(i));
  }
  return records;
}

void WriteMnist(const fs::path& folder, uint32_t train, uint32_t test, uint32_t height,
                uint32_t width) {
  WriteTestFile(folder / "train-images-idx3-ubyte", IdxImages(train, height, width));
  WriteTestFile(folder / "train-labels-idx1-ubyte", IdxLabels(train));
  WriteTestFile(folder / "t10k-images-idx3-ubyte", IdxImages(test, height, width));
  WriteTestFile(folder / "t10k-labels-idx1-ubyte", IdxLabels(test));
}

void WriteCifar10(const fs::path& folder) {
  std::vector<uint8_t> labels(10);
  std::iota(labels.begin(), labels.end(), 0);
  for (int i = 1; i <= 5; ++i) {
    WriteTestFile(folder / absl::StrCat("data_batch_", i, ".bin"), CifarRecords(labels));
  }
  WriteTestFile(folder / "test_batch.bin", CifarRecords(labels));
}

}  // namespace vitrine
