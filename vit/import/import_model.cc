#include "vit/import/import_model.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "ATen/TensorOperators.h"
#include "ATen/ops/concat.h"
#include "ATen/ops/zeros.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "vit/config.h"
#include "vit/import/families.h"
#include "vit/import/rename.h"
#include "vit/vision_transformer.h"

namespace vitrine {
namespace {

// But for four widths, of which all have 16 heads (Huge, Giant, Gigantic; SigLIP's So400m).
constexpr int64_t kUsualHeadWidth = 64;
constexpr int64_t kWidthsOf16[] = {1152, 1280, 1408, 1664};

constexpr double kClipEpsilon = 1e-5;

// 0 where nothing is usual.
int64_t UsualHeads(int64_t width) {
  if (std::count(std::begin(kWidthsOf16), std::end(kWidthsOf16), width) > 0) return 16;
  return width % kUsualHeadWidth == 0 ? width / kUsualHeadWidth : 0;
}

std::optional<int64_t> SquareRoot(int64_t number) {
  const auto root = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(number))));
  return number > 0 && root * root == number ? std::optional(root) : std::nullopt;
}

// Makes config and tensors of a model from tensors of our names.
class Importer {
 public:
  Importer(const Family& family, RenamedTensors renamed, const ModelConfig& known)
      : family_(family), known_(known), tensors_(std::move(renamed.tensors)) {
    Note("weights of ", family.name);
    if (!renamed.unused.empty()) {
      Note("left over: ", absl::StrJoin(renamed.unused, ", "), "; no forward pass reads them");
    }
  }

  absl::StatusOr<ImportedModel> Run() {
    RETURN_IF_ERROR(TakePatches());
    RETURN_IF_ERROR(TakeBlocks());
    RETURN_IF_ERROR(TakeRead());
    RETURN_IF_ERROR(TakePositions());
    RETURN_IF_ERROR(CheckKnown());
    MakeHead();
    RETURN_IF_ERROR(Check());
    return ImportedModel{std::move(config_), std::move(tensors_), std::move(notes_)};
  }

 private:
  template <typename... Parts>
  void Note(const Parts&... parts) {
    notes_.push_back(absl::StrCat(parts...));
  }

  bool Has(const std::string& name) const { return tensors_.count(name) > 0; }

  // Of so many dimensions, none of them 0.
  absl::StatusOr<at::Tensor> Get(const std::string& name, int64_t dimensions) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("no tensor for ", name, ", which every model of ", family_.name, " has"));
    }
    const at::Tensor& tensor = found->second;
    if (tensor.dim() != dimensions || tensor.numel() == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, " has ", tensor.dim(), " dimensions and ", tensor.numel(),
                       " numbers, not ", dimensions, " dimensions"));
    }
    return tensor;
  }

  // The width, and how an image is cut.
  absl::Status TakePatches() {
    static constexpr char kName[] = "patch_embedding.projection.weight";
    const bool is_linear = Has(kName) && tensors_.at(kName).dim() == 2;
    ASSIGN_OR_RETURN(at::Tensor weight, Get(kName, is_linear ? 2 : 4));
    config_.set_width(weight.size(0));
    config_.set_patch_norms(Has("patch_embedding.input_norm.weight"));
    config_.set_patch_bias(Has("patch_embedding.projection.bias"));
    config_.set_embedding_norm(Has("embedding_norm.weight"));
    TakeEpsilon();
    if (is_linear) return TakeLinearPatches(weight.size(1));
    if (weight.size(2) != weight.size(3)) {
      return absl::UnimplementedError(absl::StrCat("patches of ", weight.size(2), " x ",
                                                   weight.size(3), " pixels; ours are square"));
    }
    config_.set_channels(weight.size(1));
    config_.set_patch_size(weight.size(2));
    // [D, C, row, column] to [D, (row, column, C)].
    tensors_[kName] = weight.permute({0, 2, 3, 1}).reshape({weight.size(0), -1});
    return absl::OkStatus();
  }

  void TakeEpsilon() {
    if (known_.has_layer_norm_epsilon()) {
      config_.set_layer_norm_epsilon(known_.layer_norm_epsilon());
      return;
    }
    config_.set_layer_norm_epsilon(config_.embedding_norm() ? kClipEpsilon
                                                            : family_.layer_norm_epsilon);
    Note("model.layer_norm_epsilon: taken to be ", config_.layer_norm_epsilon(),
         ", as usual there");
  }

  // Numbers of a patch, in the order that is ours.
  absl::Status TakeLinearPatches(int64_t length) {
    const int64_t channels = known_.has_channels() ? known_.channels() : 3;
    const std::optional<int64_t> side = SquareRoot(length / channels);
    if (!side || length % channels != 0) {
      return absl::FailedPreconditionError(absl::StrCat("model.channels: patches of ", length,
                                                        " numbers are no squares of pixels of ",
                                                        channels, " channels"));
    }
    config_.set_channels(channels);
    config_.set_patch_size(*side);
    return absl::OkStatus();
  }

  absl::Status TakeBlocks() {
    int64_t depth = 0;
    while (Has(absl::StrCat("blocks.", depth, ".attention_norm.weight"))) ++depth;
    config_.set_depth(depth);
    if (known_.has_heads()) {
      config_.set_heads(known_.heads());
    } else if (const int64_t heads = UsualHeads(config_.width()); heads > 0) {
      config_.set_heads(heads);
      Note("model.heads: taken to be ", heads, ", as usual for a width of ", config_.width());
    } else {
      return absl::InvalidArgumentError(
          "model.heads: does not follow from the tensors; give it, as in model.heads=3, to //train "
          "or //train:import");
    }
    ASSIGN_OR_RETURN(const at::Tensor hidden, Get("blocks.0.mlp.hidden.weight", 2));
    ASSIGN_OR_RETURN(const at::Tensor output, Get("blocks.0.mlp.output.weight", 2));
    config_.set_mlp_width(output.size(1));
    TakeActivation(/*gated=*/hidden.size(0) == 2 * output.size(1));
    config_.set_qkv_bias(Has("blocks.0.attention.qkv.bias"));
    config_.set_query_key_norm(!Has("blocks.0.attention.query_norm.weight") ? ModelConfig::NO_NORM
                               : Has("blocks.0.attention.query_norm.bias") ? ModelConfig::LAYER_NORM
                                                                           : ModelConfig::RMS_NORM);
    if (Has("blocks.0.attention_scale")) config_.set_layer_scale(1e-5);
    return absl::OkStatus();
  }

  void TakeActivation(bool gated) {
    config_.set_activation(gated                     ? ModelConfig::SWIGLU
                           : known_.has_activation() ? known_.activation()
                                                     : ModelConfig::GELU);
    if (gated || known_.has_activation() || family_.is_always_gelu) return;
    Note("model.activation: taken to be GELU",
         config_.embedding_norm() ? "; CLIP models of OpenAI have QUICK_GELU" : ", as usual there");
  }

  // Of this width, where there are any.
  absl::Status CheckTokens(const std::string& name) const {
    if (!Has(name)) return absl::OkStatus();
    ASSIGN_OR_RETURN(const at::Tensor tokens, Get(name, 3));
    if (tokens.size(0) == 1 && tokens.size(2) == config_.width()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(name, " is no [1, n, ", config_.width(), "], which is the width elsewhere"));
  }

  // What the heads read.
  absl::Status TakeRead() {
    const bool has_class_token = Has("class_token");
    for (const char* name : {"class_token", "distillation_token", "register_tokens"}) {
      RETURN_IF_ERROR(CheckTokens(name));
    }
    if (Has("distillation_token") && !Has("distillation_head.weight")) MakeRegister();
    config_.set_class_token(has_class_token);
    config_.set_distillation_token(Has("distillation_token"));
    config_.set_register_tokens(Has("register_tokens") ? tensors_.at("register_tokens").size(1)
                                                       : 0);
    const auto head = tensors_.find("head.weight");
    const int64_t inputs =
        head != tensors_.end() && head->second.dim() == 2 ? head->second.size(1) : 0;
    config_.set_pooling(known_.has_pooling()            ? known_.pooling()
                        : Has("pooled_norm.weight")     ? ModelConfig::MEAN
                        : inputs == 2 * config_.width() ? ModelConfig::CLASS_AND_MEAN
                        : has_class_token               ? ModelConfig::CLASS_TOKEN
                                                        : ModelConfig::MEAN);
    if (!Has("pooled_norm.weight")) return absl::OkStatus();
    config_.set_pooling_norm(ModelConfig::AFTER_MEAN);
    for (const char* what : {"weight", "bias"}) {
      auto norm = tensors_.extract(absl::StrCat("pooled_norm.", what));
      if (norm.empty()) continue;
      norm.key() = absl::StrCat("final_norm.", what);
      tensors_.insert(std::move(norm));
    }
    return absl::OkStatus();
  }

  // Of a distillation token that no head reads: a token that others attend to.
  void MakeRegister() {
    at::Tensor token = tensors_.extract("distillation_token").mapped();
    distillation_is_register_ = true;
    if (Has("register_tokens")) token = at::concat({token, tensors_.at("register_tokens")}, 1);
    tensors_["register_tokens"] = token;
    Note("distillation token: no head reads it, so it is a register");
  }

  // Tokens in the order of their positions; those of registers become part of the registers.
  absl::Status TakePositions() {
    RETURN_IF_ERROR(CheckTokens("position_embedding"));
    ASSIGN_OR_RETURN(const at::Tensor positions, Get("position_embedding", 3));
    const int64_t count = positions.size(1), tokens = PrefixLength(config_);
    const int64_t registers = config_.register_tokens();
    std::vector<std::string> fits;
    std::optional<int64_t> taken;
    const int64_t own = tokens - registers + (distillation_is_register_ ? 1 : 0);
    std::vector<int64_t> prefixes = {own};
    if (tokens != own) prefixes.push_back(tokens);
    if (own != 0) prefixes.push_back(0);
    const ModelConfig unsized = config_;
    for (const int64_t prefix : prefixes) {
      const std::optional<ModelConfig> sized = Sized(unsized, count - prefix);
      if (!sized) continue;
      fits.push_back(absl::StrCat(sized->image_size()));
      if (taken) continue;
      taken = prefix;
      config_ = *sized;
    }
    if (!taken || fits.size() > 1) return ImageSizeError(count, fits);
    const bool has_class_token = HasClassToken(config_);
    config_.set_class_token_position(*taken > 0 || !has_class_token);
    const int64_t first_register = PositionPrefix(config_);
    const int64_t folded = *taken - first_register;  // registers with positions
    if (folded > 0) {
      Note("position_embedding: positions of registers are added to them");
      at::Tensor& all = tensors_.at("register_tokens");
      all = at::concat({all.narrow(1, 0, folded) + positions.narrow(1, first_register, folded),
                        all.narrow(1, folded, registers - folded)},
                       1);
      tensors_["position_embedding"] =
          at::concat({positions.narrow(1, 0, first_register), positions.slice(1, *taken)}, 1);
    }
    return absl::OkStatus();
  }

  // With the size of an image of so many patches: the known one, or else that of a square; nothing
  // where it has another number of patches.
  std::optional<ModelConfig> Sized(ModelConfig config, int64_t patches) const {
    if (known_.has_image_size()) {
      config.set_image_size(known_.image_size());
      if (known_.has_image_width()) config.set_image_width(known_.image_width());
    } else if (const auto side = SquareRoot(patches); side && !known_.has_image_width()) {
      config.set_image_size(*side * config.patch_size());
    } else {
      return std::nullopt;
    }
    return PatchGrid(config).count() == patches ? std::optional(config) : std::nullopt;
  }

  absl::Status ImageSizeError(int64_t count, const std::vector<std::string>& fits) const {
    if (!fits.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("model.image_size: ", count, " positions are there for ",
                       absl::StrJoin(fits, " or "), "; give it to //train:import"));
    }
    const std::string image =
        known_.has_image_size()
            ? absl::StrCat("an image of ", known_.image_size(), " x ", ImageWidth(known_))
            : "a square image";
    const char* const remedy =
        known_.has_image_size() ? ""
                                : "; give model.image_size and model.image_width to //train:import";
    return absl::FailedPreconditionError(
        absl::StrCat("position_embedding: ", count, " positions are not those of ", image,
                     " in patches of ", config_.patch_size(), remedy));
  }

  // What is known against what was found.
  absl::Status CheckKnown() const {
    std::vector<std::string> differences;
    const auto& descriptor = *ModelConfig::descriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      const auto* field = descriptor.field(i);
      const auto value = [&](const ModelConfig& config) {
        std::string text;
        google::protobuf::TextFormat::PrintFieldValueToString(config, field, -1, &text);
        return text;
      };
      const auto& reflection = *known_.GetReflection();
      if (!reflection.HasField(known_, field) || !reflection.HasField(config_, field)) continue;
      if (value(known_) == value(config_)) continue;
      differences.push_back(absl::StrCat("model.", field->name(), ": ", value(known_),
                                         " was given, but the tensors are of ", value(config_)));
    }
    if (differences.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(differences, "; "));
  }

  void MakeHead() {
    if (Has("head.weight")) {
      config_.set_num_classes(tensors_.at("head.weight").size(0));
      return;
    }
    config_.set_num_classes(1);
    tensors_["head.weight"] = at::zeros({1, HeadInputs(config_)});
    tensors_["head.bias"] = at::zeros({1});
    Note("head: there is none; a new one of zeros, for one class");
  }

  // What is missing, and what has another shape than the config says.
  absl::Status Check() const {
    ASSIGN_OR_RETURN(const VisionTransformer model, VisionTransformer::CreateShapesOnly(config_));
    return CheckSameTensors(tensors_, model.Tensors());
  }

  const Family& family_;
  const ModelConfig& known_;
  TensorMap tensors_;
  ModelConfig config_;
  std::vector<std::string> notes_;
  bool distillation_is_register_ = false;
};

}  // namespace

absl::StatusOr<ImportedModel> ImportModel(const TensorMap& tensors, const ModelConfig& known) {
  ASSIGN_OR_RETURN(const Family* family, RecognizeFamily(tensors));
  ASSIGN_OR_RETURN(RenamedTensors renamed, RenameTensors(*family, tensors));
  return Importer(*family, std::move(renamed), known).Run();
}

}  // namespace vitrine
