// What tests of whole runs have in common.

#ifndef TRAIN_TESTING_H_
#define TRAIN_TESTING_H_

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace vitrine {

// The name and contents of every file of a finished run that must not depend on its interruptions:
// its last checkpoint, and its logs without their times. Stops the test program if one is missing.
std::map<std::string, std::string> RunContents(const std::filesystem::path& run, int iterations);

// The number of a run's newest checkpoint, 0 if it has none.
int NewestCheckpoint(const std::filesystem::path& run);

// Polls until the condition holds, or the test's only child process has come to its end without it;
// which it was. Nothing is bounded by time, so that no machine is too busy.
bool WaitWhileChildRuns(const std::function<bool()>& condition);

}  // namespace vitrine

#endif  // TRAIN_TESTING_H_
