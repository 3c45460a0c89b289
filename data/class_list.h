// Tells lists of classes apart: two that are both called ImageNet-100, or one in another order.

#ifndef DATA_CLASS_LIST_H_
#define DATA_CLASS_LIST_H_

#include <string>
#include <vector>

namespace vitrine {

// Eight hexadecimal digits: CRC-32C of the names, each followed by a newline.
std::string ClassListId(const std::vector<std::string>& class_names);

}  // namespace vitrine

#endif  // DATA_CLASS_LIST_H_
