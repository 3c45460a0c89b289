// Small data sets made up for tests.

#ifndef DATA_TESTING_H_
#define DATA_TESTING_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine {

// A fresh, empty folder of this name among the test's temporary files.
std::filesystem::path EmptyFolder(std::string_view name);

// Writes the file, or stops the test program.
void WriteTestFile(const std::filesystem::path& path, std::string_view bytes);

// One gzip member.
std::string Gzip(std::string_view bytes);

// An IDX file of bytes: its header with these sizes, then the items.
std::string IdxFile(const std::vector<uint32_t>& sizes, std::string_view items);

// An IDX file of `count` images whose pixels are 0, 1, 2, ... modulo 251.
std::string IdxImages(uint32_t count, uint32_t height, uint32_t width);

// An IDX file of `count` labels 0, 1, ..., 9, 0, ...
std::string IdxLabels(uint32_t count);

// CIFAR-10 records with these labels; all pixels of a record equal its position in the file.
std::string CifarRecords(const std::vector<uint8_t>& labels);

// Writes the four MNIST files, images of height x width, into the folder.
void WriteMnist(const std::filesystem::path& folder, uint32_t train, uint32_t test,
                uint32_t height = 28, uint32_t width = 28);

// Writes the six CIFAR-10 files, ten records each.
void WriteCifar10(const std::filesystem::path& folder);

}  // namespace vitrine

#endif  // DATA_TESTING_H_
