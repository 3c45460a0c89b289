// Where the data sets come from, and the digests of what comes.

#ifndef DATA_PREPARE_CATALOG_H_
#define DATA_PREPARE_CATALOG_H_

#include <string_view>
#include <vector>

#include "data/prepare/download.h"

namespace vitrine {

// MNIST (LeCun, Cortes and Burges): the four original IDX files.
std::vector<RemoteFile> MnistFiles();

// CIFAR-10 and CIFAR-100 (Krizhevsky), binary versions: archives of the folders
// cifar-10-batches-bin and cifar-100-binary.
RemoteFile Cifar10Archive();
RemoteFile Cifar100Archive();

// ImageNet-100 as Parquet files on Hugging Face: the user downloads it, this program verifies it.
inline constexpr std::string_view kImageNet100Name = "clane9/imagenet-100";
inline constexpr std::string_view kImageNet100Revision = "0519dc2f402a3a18c6e57f7913db059215eee25b";
inline constexpr std::string_view kImageNet100Files =
    "files data/train-*.parquet and data/validation-*.parquet";

}  // namespace vitrine

#endif  // DATA_PREPARE_CATALOG_H_
