// Configs that older programs wrote into run folders and checkpoints.

#ifndef DATA_OLDER_CONFIG_H_
#define DATA_OLDER_CONFIG_H_

#include "data/dataset.pb.h"

namespace vitrine {

// Gives what the config leaves unsaid the meaning that it had where there was no choice yet.
void FillDefaultsOfOlder(DataConfig* config);

}  // namespace vitrine

#endif  // DATA_OLDER_CONFIG_H_
