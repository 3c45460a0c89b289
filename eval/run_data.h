// The data set of a checkpoint's run, as the run had it.

#ifndef EVAL_RUN_DATA_H_
#define EVAL_RUN_DATA_H_

#include <filesystem>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "train/checkpoint/checkpoint.h"

namespace vitrine {

// In whatever layout the folder is, with the parts that the run had: of one on train and val, and
// of any of an older program, val is the test part, whatever lies beside it now. A warning says
// what is not used, for those who take "test" to be the folder of that name. Errors are those of
// LoadDataset.
absl::StatusOr<Dataset> LoadRunData(const CheckpointManifest& manifest,
                                    const std::filesystem::path& data_dir);

}  // namespace vitrine

#endif  // EVAL_RUN_DATA_H_
