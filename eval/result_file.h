// The result of an evaluation as a file beside the checkpoint that it is of.
//
//   SetWeights(manifest, "model", &result);
//   RETURN_IF_ERROR(WriteResult(checkpoint, result));

#ifndef EVAL_RESULT_FILE_H_
#define EVAL_RESULT_FILE_H_

#include <filesystem>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/result.pb.h"
#include "train/checkpoint/checkpoint.pb.h"

namespace vitrine {

// Says in the result that it is of these weights, "model", "ema" or "swa", of the checkpoint.
void SetWeights(const CheckpointManifest& manifest, std::string_view weights,
                EvaluationResult* result);

// <checkpoint>.<weights>.<split>.textproto, with ".flips" before the ending where images were
// flipped, and ".bf16" where operands were bfloat16.
std::filesystem::path ResultPath(const std::filesystem::path& checkpoint,
                                 const EvaluationResult& result);

absl::Status WriteResult(const std::filesystem::path& checkpoint, const EvaluationResult& result);

// DataLoss if it is no result of an evaluation of any image.
absl::StatusOr<EvaluationResult> ReadResult(const std::filesystem::path& path);

}  // namespace vitrine

#endif  // EVAL_RESULT_FILE_H_
