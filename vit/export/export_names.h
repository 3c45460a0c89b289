// Our tensors under the names of another package: rename.h of vit/import the other way round, by
// the same table.

#ifndef VIT_EXPORT_EXPORT_NAMES_H_
#define VIT_EXPORT_EXPORT_NAMES_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "base/tensors/tensor_map.h"
#include "vit/import/families.h"
#include "vit/model.pb.h"

namespace vitrine {

// The tensors of a model of this config, named as in vit/README.md, as the family names them; with
// `prefix` before the names of all but heads. What the family keeps apart, such as queries and
// keys, is taken apart; shapes are not changed otherwise. FailedPrecondition names a tensor that
// the family has not.
absl::StatusOr<TensorMap> NameTensors(const Family& family, std::string_view prefix,
                                      const ModelConfig& config, const TensorMap& tensors);

}  // namespace vitrine

#endif  // VIT_EXPORT_EXPORT_NAMES_H_
