#include "vit/adapt.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "ATen/core/grad_mode.h"
#include "ATen/ops/_upsample_bicubic2d_aa.h"
#include "ATen/ops/concat.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "vit/config.h"

namespace vitrine {
namespace {

// Fields that are adapted to, and fields that only training reads.
constexpr std::string_view kMayDiffer[] = {
    "image_size",        "image_width",        "num_classes", "dropout",
    "embedding_dropout", "projection_dropout", "mlp_dropout", "attention_dropout",
    "stochastic_depth",  "initialization",     "zero_head"};

std::string Value(const ModelConfig& config, const google::protobuf::FieldDescriptor* field) {
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(config, field, /*index=*/-1, &text);
  return text;
}

// Every field of the config but the above, so that one that is added later is an obstacle until
// somebody has thought about it.
std::vector<std::string> Obstacles(ModelConfig from, ModelConfig to) {
  from.set_class_token(HasClassToken(from));
  to.set_class_token(HasClassToken(to));
  from.set_mlp_width(MlpWidth(from));
  to.set_mlp_width(MlpWidth(to));
  if (from.layer_scale() > 0 && to.layer_scale() > 0) from.set_layer_scale(to.layer_scale());
  std::vector<std::string> obstacles;
  const auto& descriptor = *ModelConfig::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const auto* field = descriptor.field(i);
    if (std::count(std::begin(kMayDiffer), std::end(kMayDiffer), field->name()) > 0) continue;
    const std::string before = Value(from, field), after = Value(to, field);
    if (before == after) continue;
    obstacles.push_back(absl::StrCat("model.", field->name(), ": ", before, " in the checkpoint, ",
                                     after, " in the model"));
  }
  return obstacles;
}

// [1, prefix + n, D] to the same for the other patches.
at::Tensor ResamplePositions(const at::Tensor& positions, PatchGrid from, PatchGrid to) {
  const int64_t prefix = positions.size(1) - from.count(), width = positions.size(2);
  const at::Tensor grid = positions.slice(1, prefix)
                              .to(at::kFloat)
                              .reshape({1, from.rows, from.columns, width})
                              .permute({0, 3, 1, 2});  // [1, D, rows, columns]
  const at::Tensor patches =
      at::_upsample_bicubic2d_aa(grid, {to.rows, to.columns}, /*align_corners=*/false)
          .permute({0, 2, 3, 1})
          .reshape({1, to.count(), width})
          .to(positions.scalar_type());
  return at::concat({positions.slice(1, 0, prefix), patches}, 1);
}

// Fixed positions are no tensor.
void AdaptPositions(PatchGrid from, PatchGrid to, Adaptation& adaptation) {
  const auto positions = adaptation.tensors.find("position_embedding");
  if (positions == adaptation.tensors.end() || from == to) return;
  positions->second = ResamplePositions(positions->second, from, to);
  adaptation.changes.push_back(absl::StrCat("position_embedding: resampled from ", from.rows, " x ",
                                            from.columns, " patches to ", to.rows, " x ",
                                            to.columns));
}

// Of other classes, which may be as many.
void ReplaceHead(int number_before, const VisionTransformer& to, Adaptation& adaptation) {
  const int number = to.config().num_classes();
  const char* const which =
      number == number_before ? " classes that are others, or in another order" : " other classes";
  for (const NamedParameter& parameter : to.Parameters()) {
    if (!IsHead(parameter.name)) continue;
    adaptation.tensors.insert_or_assign(parameter.name, parameter.tensor.detach());
    adaptation.changes.push_back(absl::StrCat(parameter.name, ": new, for ", number, which));
  }
}

}  // namespace

absl::StatusOr<Adaptation> AdaptTensors(const ModelConfig& from, const TensorMap& tensors,
                                        const VisionTransformer& to, bool same_classes) {
  ASSIGN_OR_RETURN(VisionTransformer expected,
                   Annotate(VisionTransformer::CreateShapesOnly(from), "the checkpoint's config"));
  const std::vector<std::string> obstacles = Obstacles(from, to.config());
  if (!obstacles.empty()) return absl::FailedPreconditionError(absl::StrJoin(obstacles, "; "));
  RETURN_IF_ERROR(Annotate(expected.Load(tensors), "the checkpoint's tensors"));
  const at::NoGradGuard no_grad;
  Adaptation adaptation{tensors, {}};
  AdaptPositions(PatchGrid(from), PatchGrid(to.config()), adaptation);
  if (!same_classes || from.num_classes() != to.config().num_classes()) {
    ReplaceHead(from.num_classes(), to, adaptation);
  }
  return adaptation;
}

}  // namespace vitrine
