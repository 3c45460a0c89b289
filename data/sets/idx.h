// The IDX files of MNIST (http://yann.lecun.com/exdb/mnist), plain or gzip; which, their first
// bytes tell, not their names. A header of big-endian numbers (magic, then the size of each
// dimension) is followed by one unsigned byte an item.

#ifndef DATA_SETS_IDX_H_
#define DATA_SETS_IDX_H_

#include <filesystem>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"

namespace vitrine {

// Grey images, uint8 [N, 1, H, W]. A file that is absent, damaged, of another kind or empty is an
// error that names it.
absl::StatusOr<at::Tensor> ReadIdxImages(const std::filesystem::path& path);

// Labels, int64 [N], 0 to 255. Errors as above.
absl::StatusOr<at::Tensor> ReadIdxLabels(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // DATA_SETS_IDX_H_
