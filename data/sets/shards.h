// The Parquet files of a data set as Hugging Face's `datasets` lays them out:
//
//   train-00000-of-00002.parquet, train.parquet, cifar100-train.parquet
//   train/0000.parquet, train/2024/0000.parquet
//
// each of these in the data set's folder or its folder data/, or in one for a configuration, such
// as plain_text/ or default/. Files of which no name speaks of a part are train.

#ifndef DATA_SETS_SHARDS_H_
#define DATA_SETS_SHARDS_H_

#include <filesystem>
#include <vector>

#include "absl/status/statusor.h"
#include "data/sets/part_words.h"

namespace vitrine {

enum class Configurations { kLookedFor, kLeftOut };

// The parts there are, each with its shards in byte order; none if there is no training part. Names
// that are a word, alone or before a "-", go before those in which one is somewhere, and files
// before folders. InvalidArgument if the folder holds several configurations, or a part of which
// the names say several things.
absl::StatusOr<std::vector<PartPlace>> FindShards(const std::filesystem::path& folder,
                                                  Configurations configurations);

// InvalidArgument if their names say how many they are (-00000-of-00017) and some are missing.
absl::Status CheckAllShards(const PartPlace& part);

}  // namespace vitrine

#endif  // DATA_SETS_SHARDS_H_
