// The tensors of another package under our names and in our layouts.

#ifndef VIT_IMPORT_RENAME_H_
#define VIT_IMPORT_RENAME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/import/families.h"

namespace vitrine {

// That of which the tensors are; NotFound if they are of none.
absl::StatusOr<const Family*> RecognizeFamily(const TensorMap& tensors);

struct RenamedTensors {
  // Named as in vit/README.md, in float32, but for what a model's config has to be known for:
  // "position_embedding" may hold positions of registers too, "pooled_norm" is a final norm of the
  // mean, and a projection of patches [D, C, p, p] is as it was.
  TensorMap tensors;
  std::vector<std::string> unused;  // their names of what no forward pass reads
};

// Errors name every tensor that is unknown, or not finite, or whose shape can't be.
absl::StatusOr<RenamedTensors> RenameTensors(const Family& family, const TensorMap& tensors);

}  // namespace vitrine

#endif  // VIT_IMPORT_RENAME_H_
