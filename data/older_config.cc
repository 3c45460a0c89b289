#include "data/older_config.h"

namespace vitrine {

void FillDefaultsOfOlder(DataConfig* config) {
  if (!config->has_given_parts()) config->set_given_parts(DataConfig::VAL_AS_TEST);
}

}  // namespace vitrine
