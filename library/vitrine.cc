#include "library/vitrine.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "base/programs/exceptions.h"
#include "base/status_macros.h"
#include "eval/classifier.h"
#include "eval/embedding.h"
#include "eval/weights.h"
#include "glog/logging.h"
#include "library/compute_threads.h"
#include "library/pictures.h"
#include "train/checkpoint/open_model.h"
#include "vit/config.h"

struct vitrine_model {
  vitrine::Classifier classifier;
};

namespace vitrine {
namespace {

struct LastError {
  std::string line;
  int64_t picture = -1;
};
thread_local LastError last_error;

vitrine_status CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return VITRINE_OK;
    case absl::StatusCode::kInvalidArgument:
      return VITRINE_INVALID_ARGUMENT;
    case absl::StatusCode::kNotFound:
      return VITRINE_NOT_FOUND;
    case absl::StatusCode::kDataLoss:
      return VITRINE_DATA_LOSS;
    case absl::StatusCode::kResourceExhausted:
      return VITRINE_RESOURCE_EXHAUSTED;
    case absl::StatusCode::kInternal:
      return VITRINE_INTERNAL;
    default:
      return VITRINE_FAILED_PRECONDITION;
  }
}

// Runs a function of the interface.
vitrine_status Run(absl::FunctionRef<absl::Status()> body) {
  const absl::Status status = CatchExceptions(body);
  if (!status.ok()) {
    last_error = {absl::StrReplaceAll(status.message(), {{"\n", " "}}), PictureNumber(status)};
  }
  return CodeOf(status);
}

// The log of the programs is not this one's. glog is linked in, apart from any that the program
// has.
void LogNothing() { FLAGS_minloglevel = google::GLOG_FATAL; }

struct Arguments {
  int32_t threads = 0;
  at::ScalarType operands = at::kFloat;
  Weights weights = Weights::kModel;
};

absl::StatusOr<Arguments> ParseOptions(const vitrine_options* options) {
  Arguments arguments;
  if (options == nullptr) return arguments;
  if (options->size != sizeof(vitrine_options)) {
    return absl::InvalidArgumentError(absl::StrCat("options: size is ", options->size,
                                                   "; set it to sizeof(vitrine_options), ",
                                                   sizeof(vitrine_options)));
  }
  if (options->threads < 0) return absl::InvalidArgumentError("options: threads is negative");
  arguments.threads = options->threads;
  if (options->precision != VITRINE_FP32 && options->precision != VITRINE_BF16) {
    return absl::InvalidArgumentError("options: precision is not a vitrine_precision");
  }
  if (options->precision == VITRINE_BF16) arguments.operands = at::kBFloat16;
  if (options->weights != nullptr) {
    ASSIGN_OR_RETURN(arguments.weights,
                     Annotate(ParseWeights(options->weights), "options: weights"));
  }
  return arguments;
}

absl::StatusOr<Classifier> Open(const char* path, const vitrine_options* options) {
  if (path == nullptr) return absl::InvalidArgumentError("path is NULL");
  if (*path == '\0') return absl::InvalidArgumentError("path is empty");
  LogNothing();
  ASSIGN_OR_RETURN(const Arguments arguments, ParseOptions(options));
  ASSIGN_OR_RETURN(const std::filesystem::path found, FindModel(path));
  RETURN_IF_ERROR(ComputeThreads::Choose(arguments.threads));  // of the process, so not for a typo
  const ComputeThreads threads;
  return Classifier::Load(found, arguments.weights, at::kCPU, arguments.operands);
}

absl::Status CheckCall(const vitrine_model* model, const vitrine_picture* pictures, size_t count) {
  if (model == nullptr) return absl::InvalidArgumentError("model is NULL");
  if (count > 0 && pictures == nullptr) return absl::InvalidArgumentError("pictures is NULL");
  return ComputeThreads::CheckCaller();
}

absl::Status CheckResults(const void* results) {
  return results == nullptr ? absl::InvalidArgumentError("there is no array to fill")
                            : absl::OkStatus();
}

absl::Status Classify(const Classifier& classifier, absl::Span<const vitrine_picture> pictures,
                      int32_t top, vitrine_score* scores) {
  const int32_t classes = classifier.manifest().class_names_size();
  if (top < 1 || top > classes) {
    return absl::InvalidArgumentError(
        absl::StrCat("top is ", top, "; the model has ", classes, " classes"));
  }
  if (!HasHead(classifier.manifest())) {
    return absl::FailedPreconditionError(
        "the model has no head that tells classes apart; train one, or embed pictures instead");
  }
  if (pictures.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckResults(scores));
  const ComputeThreads threads;
  ASSIGN_OR_RETURN(const at::Tensor inputs, PreparePictures(classifier, pictures));
  const at::Tensor logits = classifier.inference().Forward(inputs);
  for (size_t i = 0; i < pictures.size(); ++i) {
    const auto best = classifier.Best(logits[i], top);
    RETURN_IF_ERROR(OfPicture(best.status(), pictures[i], i));
    for (const ClassScore& score : *best) {
      *scores++ = {static_cast<int32_t>(score.index), score.probability};
    }
  }
  return absl::OkStatus();
}

int64_t EmbeddingSize(const ModelConfig& config) {
  return HeadInputs(config) * (config.distillation_token() ? 2 : 1);
}

absl::Status Embed(const Classifier& classifier, absl::Span<const vitrine_picture> pictures,
                   float* out) {
  if (pictures.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckResults(out));
  const ComputeThreads threads;
  ASSIGN_OR_RETURN(const at::Tensor inputs, PreparePictures(classifier, pictures));
  const at::Tensor rows = classifier.inference().Features(inputs).flatten(1).contiguous();
  CHECK_EQ(rows.size(1), EmbeddingSize(classifier.model().config()));
  for (size_t i = 0; i < pictures.size(); ++i) {
    RETURN_IF_ERROR(OfPicture(CheckFinite(rows[i]), pictures[i], i));
  }
  std::copy_n(rows.const_data_ptr<float>(), rows.numel(), out);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

vitrine_status vitrine_open(const char* path, const vitrine_options* options,
                            vitrine_model** model) {
  return vitrine::Run([&]() -> absl::Status {
    if (model == nullptr) return absl::InvalidArgumentError("model is NULL");
    *model = nullptr;
    ASSIGN_OR_RETURN(vitrine::Classifier classifier, vitrine::Open(path, options));
    *model = new vitrine_model{std::move(classifier)};
    return absl::OkStatus();
  });
}

void vitrine_close(vitrine_model* model) { delete model; }

int32_t vitrine_class_count(const vitrine_model* model) {
  return model == nullptr ? 0 : model->classifier.manifest().class_names_size();
}

const char* vitrine_class_name(const vitrine_model* model, int32_t index) {
  const int32_t count = vitrine_class_count(model);
  if (index < 0 || index >= count) {
    vitrine::last_error = {absl::StrCat("class ", index, ": the model has ", count, " classes")};
    return nullptr;
  }
  return model->classifier.manifest().class_names(index).c_str();
}

size_t vitrine_embedding_size(const vitrine_model* model) {
  return model == nullptr ? 0 : vitrine::EmbeddingSize(model->classifier.model().config());
}

vitrine_status vitrine_classify(const vitrine_model* model, const vitrine_picture* pictures,
                                size_t count, int32_t top, vitrine_score* scores) {
  return vitrine::Run([&]() -> absl::Status {
    RETURN_IF_ERROR(vitrine::CheckCall(model, pictures, count));
    return vitrine::Classify(model->classifier, {pictures, count}, top, scores);
  });
}

vitrine_status vitrine_embed(const vitrine_model* model, const vitrine_picture* pictures,
                             size_t count, float* rows) {
  return vitrine::Run([&]() -> absl::Status {
    RETURN_IF_ERROR(vitrine::CheckCall(model, pictures, count));
    return vitrine::Embed(model->classifier, {pictures, count}, rows);
  });
}

const char* vitrine_error(void) { return vitrine::last_error.line.c_str(); }

int64_t vitrine_error_picture(void) { return vitrine::last_error.picture; }

const char* vitrine_version(void) { return VITRINE_VERSION; }
