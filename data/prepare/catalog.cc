#include "data/prepare/catalog.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace vitrine {
namespace {

RemoteFile MnistFile(std::string_view name, std::string_view sha256) {
  RemoteFile file = {.name = std::string(name), .urls = {}, .sha256 = std::string(sha256)};
  // The author's own place comes first although it often refuses.
  for (const std::string_view place :
       {"http://yann.lecun.com/exdb/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/"}) {
    file.urls.push_back(absl::StrCat(place, name));
  }
  return file;
}

}  // namespace

std::vector<RemoteFile> MnistFiles() {
  return {MnistFile("train-images-idx3-ubyte.gz",
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
          MnistFile("train-labels-idx1-ubyte.gz",
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
          MnistFile("t10k-images-idx3-ubyte.gz",
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
          MnistFile("t10k-labels-idx1-ubyte.gz",
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")};
}

RemoteFile Cifar10Archive() {
  return {.name = "cifar-10-binary.tar.gz",
          .urls = {"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
          .sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"};
}

RemoteFile Cifar100Archive() {
  return {.name = "cifar-100-binary.tar.gz",
          .urls = {"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"},
          .sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"};
}

}  // namespace vitrine
