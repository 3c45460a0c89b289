// What tests of whole runs have in common.

#ifndef TRAIN_TESTING_H_
#define TRAIN_TESTING_H_

#include <filesystem>
#include <map>
#include <string>

namespace vitrine {

// The name and contents of every file of a finished run that must not depend on its interruptions:
// its last checkpoint, and its logs without their times. Stops the test program if one is missing.
std::map<std::string, std::string> RunContents(const std::filesystem::path& run, int iterations);

}  // namespace vitrine

#endif  // TRAIN_TESTING_H_
