// Checks a DataConfig before anything is read.

#ifndef DATA_VALIDATE_H_
#define DATA_VALIDATE_H_

#include <string>
#include <vector>

#include "data/dataset.pb.h"

namespace vitrine {

// Everything that is wrong with the config, a line each, which begins with the field's name; empty
// when nothing is. What depends on the data itself is checked by LoadDataset.
std::vector<std::string> DataConfigProblems(const DataConfig& config);

// Whether the data set can bring a validation part of its own: those of image files.
bool MayGiveValidation(DataConfig::Source source);

}  // namespace vitrine

#endif  // DATA_VALIDATE_H_
