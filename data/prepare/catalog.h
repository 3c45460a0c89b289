// Where the data sets come from, and the digests of what comes.

#ifndef DATA_PREPARE_CATALOG_H_
#define DATA_PREPARE_CATALOG_H_

#include <vector>

#include "data/prepare/download.h"

namespace vitrine {

// MNIST (LeCun, Cortes and Burges): the four original IDX files.
std::vector<RemoteFile> MnistFiles();

// CIFAR-10 (Krizhevsky), binary version: an archive of the folder cifar-10-batches-bin.
RemoteFile Cifar10Archive();

}  // namespace vitrine

#endif  // DATA_PREPARE_CATALOG_H_
